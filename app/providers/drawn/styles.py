"""The styles: one a video. Typeface, placing and finish, which make its scenes one family."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.typeface import Typeface
from app.providers.drawn.stage import Mood


@dataclass(frozen=True)
class Style:
    """`leading` is the distance of baselines in font sizes; `grain_levels` and `vignette` finish the picture."""

    name: str
    typeface: Typeface
    sub_font: str
    leading: float
    largest: float  # the type's size never exceeds this share of the short side
    centred: bool
    rule: str  # the small mark above the words: "bar", "line", "dot" or "none"
    moods: tuple[Mood, ...]
    grain_levels: float
    vignette: float

    def in_type(self, typeface: Typeface) -> Style:
        """The style with its words in another typeface, as large and as close as that suits."""
        like = next(style for style in STYLES if style.typeface == typeface)
        return replace(self, typeface=typeface, leading=like.leading, largest=like.largest)


DEEP, VIVID, PALE = Mood.DEEP, Mood.VIVID, Mood.PALE

STYLES = (
    Style("editorial", Typeface.FRAUNCES, "Inter-Medium.ttf", 1.04, 0.155, False, "line",
          (DEEP, VIVID, PALE), 1.7, 0.10),
    Style("swiss", Typeface.MANROPE, "Manrope-ExtraBold.ttf", 1.10, 0.135, False, "bar",
          (VIVID, PALE, DEEP, VIVID), 1.2, 0.0),
    Style("poster", Typeface.SOFIA, "Manrope-ExtraBold.ttf", 0.94, 0.250, False, "none",
          (VIVID, DEEP, PALE), 1.5, 0.06),
    Style("cinema", Typeface.FRAUNCES, "Inter-Medium.ttf", 1.06, 0.145, True, "dot",
          (DEEP, VIVID, DEEP), 1.9, 0.22),
    Style("bulletin", Typeface.SOFIA, "Inter-Medium.ttf", 0.96, 0.240, True, "none",
          (DEEP, VIVID), 1.4, 0.12),
    Style("modern", Typeface.INTER, "Inter-Medium.ttf", 1.06, 0.135, False, "dot",
          (DEEP, PALE, VIVID), 1.4, 0.08),
)  # fmt: skip
