"""The fonts that ship with the product, so that text looks the same on every machine.

All are under the SIL Open Font License; their licences stand beside them. The faces of Noto Sans are instances of its
variable fonts at weight 800.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.typeface import Typeface

FILES = {
    Typeface.INTER: "Inter-ExtraBold.ttf",
    Typeface.MANROPE: "Manrope-ExtraBold.ttf",
    Typeface.FRAUNCES: "Fraunces-Display.ttf",
    Typeface.SOFIA: "SofiaSansExtraCondensed-ExtraBold.ttf",
}


def font_path(file_name: str) -> Path:
    """The path of a shipped font, e.g. `font_path("Inter-ExtraBold.ttf")`."""
    path = Path(__file__).with_name(file_name)
    if not path.is_file():
        raise FileNotFoundError(f"the font {file_name} does not ship with Sceneworks")
    return path
