"""Characters as a reader sees them, and how wide they are."""

from __future__ import annotations

import unicodedata

from app.domain.scripts import CJK, Script, is_cjk, script_of

JOINERS = "\u200d\ufe0e\ufe0f"


def clusters_of(text: str) -> list[str]:
    """`text` cut between characters as a reader sees them: never before a combining mark, never in a joined emoji,
    nor in the letters that a virama joins.
    """
    clusters: list[str] = []
    for char in text:
        joins = (
            char in JOINERS or unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= char <= "\U0001f3ff"
        )
        if clusters and (joins or clusters[-1].endswith("\u200d") or _is_joined(clusters[-1][-1], char)):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def chars_of(text: str) -> int:
    """How wide a text is in characters: marks that sit on another one do not count, East Asian ones count twice."""
    if text.isascii():
        return len(text)
    return sum(map(cluster_chars, clusters_of(text)))


def cluster_chars(cluster: str) -> int:
    return 2 if is_cjk(cluster[0]) or script_of(cluster[0]) in CJK else 1


def _is_joined(before: str, char: str) -> bool:
    """Whether two characters make one letter: after a virama, and Thai and Lao am, a mark and a vowel in one."""
    if char in "\u0e33\u0eb3":
        return True
    if before == "\u103a":
        # The Burmese asat ends a syllable: it is seen, and joins nothing.
        return False
    return unicodedata.combining(before) == 9 and script_of(char) not in (Script.COMMON, Script.THAI)
