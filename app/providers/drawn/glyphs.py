"""Which font can write a text: the display font first, then its stand-ins, else none."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

from app.fonts import font_path

STAND_INS = ("Manrope-ExtraBold.ttf", "Inter-ExtraBold.ttf")

# A noncharacter: no font has a glyph for it, so it shows what a font draws for the missing ones.
MISSING = "\uffff"
PROBE_PX = 24


@lru_cache(maxsize=256)
def font_at(file_name: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(file_name)), size_px)


def font_for(text: str, preferred: str) -> str | None:
    """The file name of the first font that has every letter of `text`; None when no shipped font has."""
    for file_name in (preferred, *STAND_INS):
        if all(has_glyph(file_name, letter) for letter in unicodedata.normalize("NFC", text)):
            return file_name
    return None


@lru_cache(maxsize=8192)
def has_glyph(file_name: str, letter: str) -> bool:
    if letter.isspace():
        return True
    drawn = bytes(font_at(file_name, PROBE_PX).getmask(letter))
    return any(drawn) and drawn != missing_glyph(file_name)


@lru_cache(maxsize=16)
def missing_glyph(file_name: str) -> bytes:
    return bytes(font_at(file_name, PROBE_PX).getmask(MISSING))
