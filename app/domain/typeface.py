"""The typefaces that ship with the product, by the names under which a look asks for them."""

from __future__ import annotations

from enum import StrEnum


class Typeface(StrEnum):
    """Where a typeface has no letter for a character, Inter or the face of the character's script steps in."""

    INTER = "inter"  # a clear grotesque: Latin, Greek, Cyrillic
    MANROPE = "manrope"  # rounder and friendlier: Latin, Greek, Cyrillic
    FRAUNCES = "fraunces"  # a soft serif for titles: Latin
    SOFIA = "sofia-condensed"  # very narrow, for large words: Latin, Greek
