"""The option that names a template: one that ships, or a JSON file with one of the caller's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.client.uploads import reason
from app.templates import template_names
from workers.rendering.failures import RenderFailed, wrong_input

# A template is a page of text; whatever is larger is another file.
MOST_BYTES = 256 * 1024


def read_template(named: str) -> str | dict[str, Any]:
    """The name, or the file's object, which the farm checks field by field; RenderFailed for what is neither."""
    if named in template_names():
        return named
    path = Path(named)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        known = ", ".join(template_names())
        if isinstance(error, FileNotFoundError):
            raise wrong_input(f"{named}: there is no such template or file. The templates are {known}.") from None
        raise wrong_input(f"{named} cannot be read: {reason(error)}. The templates are {known}.") from None
    if len(content) > MOST_BYTES:
        raise wrong_input(f"{named} is too large to be a template.", "TOO_LARGE")
    try:
        value = json.loads(content)
    except json.JSONDecodeError as error:
        raise wrong_input(f"{named} is not JSON (line {error.lineno}, column {error.colno}).") from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise _no_object(named) from None
    if not isinstance(value, dict):
        raise _no_object(named)
    return value


def _no_object(named: str) -> RenderFailed:
    return wrong_input(f"{named} holds no template: it must be one JSON object in UTF-8.")
