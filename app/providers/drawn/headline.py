"""What is set large on a scene's picture: the heading that its author gave it, and nothing else.

Words taken out of the narration would say twice what is heard and shown in the captions, and words chosen by a rule are
now and then the wrong ones. A scene without a heading has a picture without words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIST_NUMBER = re.compile(r"^(\d{1,2}(?:\s?[.):](?=\s)|[、．：]))\s*(\S.*)$")
TITLE_BREAK = re.compile(r"^(.{2,40}?)(?::\s+|：\s*|\s+[–—|]\s+|\s+-\s+)(\S.+)$")


@dataclass(frozen=True)
class Headline:
    """`main` is set large; `sub`, when there is one, is set small beneath it. `is_numbered`: `main` is a number."""

    main: str
    sub: str | None = None
    is_numbered: bool = False


def headline(title: str | None) -> Headline | None:
    """The title in its ranks, or None when it holds no word at all."""
    if not title or not re.search(r"\w", title):
        return None
    line = " ".join(title.split())
    if numbered := LIST_NUMBER.match(line):
        # With its dot: in “2. Weltkrieg” it is a part of the word.
        return Headline(numbered[1], numbered[2], is_numbered=True)
    if parts := TITLE_BREAK.match(line):
        return Headline(parts[1], _capitalised(parts[2]))
    return Headline(line)


def _capitalised(text: str) -> str:
    """The text with its first letter as a capital; words with capitals of their own (iPhone, pH) stay as they are."""
    first = text.split(" ", 1)[0]
    return text if any(letter.isupper() for letter in first) else text[:1].upper() + text[1:]
