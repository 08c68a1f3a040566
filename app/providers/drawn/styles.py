"""The styles: one a video. Typeface, placing and finish, which make its scenes one family."""

from __future__ import annotations

from dataclasses import dataclass

from app.providers.drawn.stage import Mood


@dataclass(frozen=True)
class Style:
    """`leading` is the distance of baselines in font sizes; `grain_levels` and `vignette` finish the picture."""

    name: str
    font: str
    sub_font: str
    leading: float
    largest: float  # the type's size never exceeds this share of the short side
    centred: bool
    rule: str  # the small mark above the words: "bar", "line", "dot" or "none"
    moods: tuple[Mood, ...]
    grain_levels: float
    vignette: float


DEEP, VIVID, PALE = Mood.DEEP, Mood.VIVID, Mood.PALE

STYLES = (
    Style("editorial", "Fraunces-Display.ttf", "Inter-Medium.ttf", 1.04, 0.155, False, "line",
          (DEEP, VIVID, PALE), 1.7, 0.10),
    Style("swiss", "Manrope-ExtraBold.ttf", "Manrope-ExtraBold.ttf", 1.10, 0.135, False, "bar",
          (VIVID, PALE, DEEP, VIVID), 1.2, 0.0),
    Style("poster", "SofiaSansExtraCondensed-ExtraBold.ttf", "Manrope-ExtraBold.ttf", 0.94, 0.250, False, "none",
          (VIVID, DEEP, PALE), 1.5, 0.06),
    Style("cinema", "Fraunces-Display.ttf", "Inter-Medium.ttf", 1.06, 0.145, True, "dot",
          (DEEP, VIVID, DEEP), 1.9, 0.22),
    Style("bulletin", "SofiaSansExtraCondensed-ExtraBold.ttf", "Inter-Medium.ttf", 0.96, 0.240, True, "none",
          (DEEP, VIVID), 1.4, 0.12),
    Style("modern", "Inter-ExtraBold.ttf", "Inter-Medium.ttf", 1.06, 0.135, False, "dot",
          (DEEP, PALE, VIVID), 1.4, 0.08),
)  # fmt: skip
