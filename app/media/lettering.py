"""The captions' typeface: which characters it can draw, and how wide a text is in it.

Inter covers Latin, Greek and Cyrillic. Pictographs that it lacks (emoji above all) are left out
of the drawing; every other missing character is an error, for a viewer would see an empty box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from PIL import ImageFont

from app.domain.errors import MissingGlyphs
from app.fonts import font_path

TYPEFACE = "Inter-ExtraBold.ttf"
PROBE_PX = 24
# Never assigned to a character, so it always draws the box that stands for a missing one.
NO_CHARACTER = "\U0010fffe"
EMOJI_PLANE = range(0x1F000, 0x1FB00)


@lru_cache(maxsize=64)
def caption_font(size_px: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(TYPEFACE)), size_px)


def drawable(text: str) -> str:
    """`text` as it can be drawn: composed, without emoji, control and format characters. May be empty.

    A character that only its compatibility form has a glyph for (𝐛, ﬀ, Ａ) is drawn in that form.
    Raise MissingGlyphs, naming the characters, when others have none.
    """
    drawn = "".join(_drawn_as(char) for char in unicodedata.normalize("NFC", text))
    missing = sorted({char for char in drawn if not _has_glyph(char)})
    if missing:
        raise missing_glyphs(missing)
    return drawn


def check_glyphs(texts: Iterable[str]) -> None:
    """Raise MissingGlyphs, naming all characters of `texts` that captions cannot show, if there are any."""
    missing: set[str] = set()
    for text in texts:
        try:
            drawable(text)
        except MissingGlyphs as error:
            missing.update(error.details["characters"])
    if missing:
        raise missing_glyphs(sorted(missing))


def missing_glyphs(characters: list[str]) -> MissingGlyphs:
    named = ", ".join(f"{char} ({unicodedata.name(char, 'unnamed')}, U+{ord(char):04X})" for char in characters[:10])
    more = f" and {len(characters) - 10} more" if len(characters) > 10 else ""
    return MissingGlyphs(f"the caption font has no glyph for {named}{more}", characters=characters)


@lru_cache(maxsize=8192)
def _drawn_as(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return ""
    if _has_glyph(char):
        return char
    is_pictograph = category == "So" or ord(char) in EMOJI_PLANE or char in "\ufe0e\ufe0f\u20e3"
    return "" if is_pictograph else unicodedata.normalize("NFKC", char)


@lru_cache(maxsize=8192)
def _has_glyph(char: str) -> bool:
    font = caption_font(PROBE_PX)
    return bytes(font.getmask(char)) != bytes(font.getmask(NO_CHARACTER))
