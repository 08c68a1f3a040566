"""Fields that hold one line of text."""

from __future__ import annotations

import unicodedata

from app.domain.errors import InvalidInput


def one_line(field: str, text: str | None) -> str | None:
    """`text` with white space made single spaces, None when nothing is left. InvalidInput for control characters."""
    if text is None:
        return None
    line = " ".join(text.split())
    if any(unicodedata.category(character) == "Cc" for character in line):
        raise InvalidInput(field, f"The {field} holds control characters.")
    return line or None
