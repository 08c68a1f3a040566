"""Which script a character is written in, as far as captions must tell scripts apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache


class Script(StrEnum):
    """The values name a script to people."""

    COMMON = "common"  # digits, punctuation, marks: of whatever script stands beside them
    EUROPEAN = "European"  # Latin, Greek, Cyrillic: one font has them all
    ARMENIAN = "Armenian"
    HEBREW = "Hebrew"
    ARABIC = "Arabic"
    DEVANAGARI = "Devanagari"
    BENGALI = "Bengali"
    GURMUKHI = "Gurmukhi"
    GUJARATI = "Gujarati"
    TAMIL = "Tamil"
    TELUGU = "Telugu"
    KANNADA = "Kannada"
    MALAYALAM = "Malayalam"
    SINHALA = "Sinhala"
    THAI = "Thai"
    LAO = "Lao"
    MYANMAR = "Myanmar"
    GEORGIAN = "Georgian"
    HANGUL = "Hangul"
    ETHIOPIC = "Ethiopic"
    KHMER = "Khmer"
    KANA = "Kana"
    HAN = "Han"


CJK = frozenset({Script.HAN, Script.KANA, Script.HANGUL})
# Where no space parts the words.
UNSPACED = frozenset({Script.HAN, Script.KANA, Script.THAI, Script.LAO, Script.KHMER, Script.MYANMAR})

# First and last code point, by Unicode block; what lies between is common.
_BLOCKS = sorted(
    [
        (0x41, 0x5A, Script.EUROPEAN),
        (0x61, 0x7A, Script.EUROPEAN),
        (0xC0, 0x24F, Script.EUROPEAN),
        (0x370, 0x52F, Script.EUROPEAN),
        (0x531, 0x58F, Script.ARMENIAN),
        (0x591, 0x5F4, Script.HEBREW),
        (0x600, 0x6FF, Script.ARABIC),
        (0x750, 0x77F, Script.ARABIC),
        (0x8A0, 0x8FF, Script.ARABIC),
        (0x900, 0x97F, Script.DEVANAGARI),
        (0x980, 0x9FF, Script.BENGALI),
        (0xA00, 0xA7F, Script.GURMUKHI),
        (0xA80, 0xAFF, Script.GUJARATI),
        (0xB80, 0xBFF, Script.TAMIL),
        (0xC00, 0xC7F, Script.TELUGU),
        (0xC80, 0xCFF, Script.KANNADA),
        (0xD00, 0xD7F, Script.MALAYALAM),
        (0xD80, 0xDFF, Script.SINHALA),
        (0xE01, 0xE7F, Script.THAI),
        (0xE80, 0xEFF, Script.LAO),
        (0x1000, 0x109F, Script.MYANMAR),
        (0x10A0, 0x10FF, Script.GEORGIAN),
        (0x1100, 0x11FF, Script.HANGUL),
        (0x1200, 0x139F, Script.ETHIOPIC),
        (0x1780, 0x17FF, Script.KHMER),
        (0x1E00, 0x1FFF, Script.EUROPEAN),
        (0x2E80, 0x2FDF, Script.HAN),
        (0x3005, 0x3007, Script.HAN),
        (0x3041, 0x30FF, Script.KANA),
        (0x3130, 0x318F, Script.HANGUL),
        (0x31F0, 0x31FF, Script.KANA),
        (0x3400, 0x4DBF, Script.HAN),
        (0x4E00, 0x9FFF, Script.HAN),
        (0xA8E0, 0xA8FF, Script.DEVANAGARI),
        (0xAC00, 0xD7FF, Script.HANGUL),
        (0xF900, 0xFAFF, Script.HAN),
        (0xFB1D, 0xFB4F, Script.HEBREW),
        (0xFB50, 0xFDFF, Script.ARABIC),
        (0xFE70, 0xFEFC, Script.ARABIC),
        (0xFF66, 0xFF9F, Script.KANA),
        (0x20000, 0x323AF, Script.HAN),
    ]
)
_FIRSTS = [first for first, _, _ in _BLOCKS]


@lru_cache(maxsize=8192)
def script_of(char: str) -> Script:
    at = bisect_right(_FIRSTS, ord(char)) - 1
    if at >= 0:
        _, last, script = _BLOCKS[at]
        if ord(char) <= last:
            return script
    return Script.COMMON


def scripts_in(texts: Iterable[str]) -> frozenset[Script]:
    return frozenset(script_of(char) for text in texts for char in set(text))


def is_cjk(char: str) -> bool:
    """Whether it is set without spaces around it: Han, kana, and the full-width punctuation that goes with them."""
    return script_of(char) in (Script.HAN, Script.KANA) or "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff65"
