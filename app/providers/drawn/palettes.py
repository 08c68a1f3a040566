"""The palettes: one a video, tuned by hand in OKLCH so that equal numbers look equally light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]  # three channels, sRGB-encoded, 0..255
Oklch = tuple[float, float, float]  # lightness 0..1, chroma, hue in degrees


@dataclass(frozen=True)
class Palette:
    """Five steps from darkness to paper along one path of hues, and two colours that answer them.

    `night` to `paper` make skies and ground; `accent` is the loud one, used sparingly; `glow` is light itself.
    """

    name: str
    night_lch: Oklch
    shade_lch: Oklch
    body_lch: Oklch
    light_lch: Oklch
    paper_lch: Oklch
    accent_lch: Oklch
    glow_lch: Oklch

    @cached_property
    def night(self) -> Colour:
        return to_srgb(self.night_lch)

    @cached_property
    def shade(self) -> Colour:
        return to_srgb(self.shade_lch)

    @cached_property
    def body(self) -> Colour:
        return to_srgb(self.body_lch)

    @cached_property
    def light(self) -> Colour:
        return to_srgb(self.light_lch)

    @cached_property
    def paper(self) -> Colour:
        return to_srgb(self.paper_lch)

    @cached_property
    def accent(self) -> Colour:
        return to_srgb(self.accent_lch)

    @cached_property
    def glow(self) -> Colour:
        return to_srgb(self.glow_lch)


# A table reads best unwrapped.
# ruff: noqa: E501
# fmt: off
#           name          night             shade             body              light             paper             accent            glow
PALETTES = (
    Palette("ember",      (.19, .050, 20) , (.33, .110, 22) , (.53, .175, 32) , (.75, .140, 62) , (.95, .022, 80) , (.79, .160, 76) , (.90, .110, 92)),
    Palette("lagoon",     (.21, .042, 240), (.35, .072, 228), (.54, .092, 208), (.79, .085, 192), (.96, .016, 175), (.73, .160, 42) , (.91, .085, 95)),
    Palette("dusk",       (.21, .062, 295), (.35, .118, 302), (.54, .155, 335), (.77, .125, 25) , (.95, .022, 45) , (.81, .140, 72) , (.91, .085, 85)),
    Palette("pine",       (.21, .036, 168), (.34, .062, 162), (.53, .090, 152), (.79, .098, 132), (.96, .022, 112), (.76, .150, 60) , (.92, .100, 105)),
    Palette("indigo",     (.19, .070, 275), (.33, .150, 273), (.52, .190, 268), (.76, .110, 250), (.96, .014, 255), (.80, .165, 45) , (.90, .090, 75)),
    Palette("terracotta", (.24, .032, 38) , (.38, .075, 38) , (.58, .130, 42) , (.80, .075, 72) , (.95, .026, 85) , (.66, .085, 185), (.90, .090, 85)),
    Palette("arctic",     (.22, .042, 256), (.38, .066, 250), (.58, .080, 240), (.83, .055, 225), (.97, .010, 215), (.68, .190, 30) , (.94, .050, 88)),
    Palette("rosewood",   (.20, .060, 2)  , (.34, .118, 6)  , (.53, .165, 12) , (.78, .105, 18) , (.96, .018, 35) , (.82, .115, 85) , (.91, .070, 70)),
    Palette("saffron",    (.20, .018, 270), (.34, .024, 268), (.52, .030, 262), (.78, .024, 250), (.96, .010, 90) , (.80, .165, 76) , (.90, .105, 85)),
    Palette("aurora",     (.19, .052, 266), (.34, .098, 252), (.55, .115, 205), (.82, .105, 168), (.96, .018, 160), (.72, .175, 335), (.92, .110, 150)),
    Palette("midcentury", (.27, .042, 232), (.42, .072, 218), (.60, .085, 196), (.82, .100, 86) , (.95, .030, 90) , (.67, .175, 35) , (.87, .125, 82)),
    Palette("cobalt",     (.22, .085, 264), (.38, .165, 262), (.55, .180, 258), (.80, .080, 240), (.96, .016, 95) , (.77, .150, 68) , (.91, .080, 92)),
    Palette("plum",       (.20, .060, 325), (.34, .112, 330), (.53, .145, 350), (.79, .085, 20) , (.96, .018, 60) , (.84, .110, 165), (.91, .075, 80)),
    Palette("olive",      (.23, .030, 120), (.38, .055, 118), (.56, .085, 112), (.80, .100, 100), (.96, .028, 98) , (.66, .165, 38) , (.91, .110, 98)),
)
# fmt: on


def to_srgb(lch: Oklch) -> Colour:
    """A displayable colour; one outside sRGB loses chroma, never lightness or hue."""
    lightness, chroma, hue_deg = lch
    hue = np.radians(hue_deg)
    while True:
        lab = np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
        linear = oklab_to_linear(lab)
        if chroma <= 0.0 or (linear.min() >= -1e-4 and linear.max() <= 1 + 1e-4):
            return encode(linear)
        chroma = max(0.0, chroma - 0.004)


def ramp(colours: Sequence[Colour], stops: Sequence[float] | None = None, steps: int = 512) -> NDArray[np.float32]:
    """`steps` × 3 colours from the first to the last, mixed in Oklab so that no middle turns grey or jumps."""
    at = np.linspace(0, 1, len(colours)) if stops is None else np.asarray(stops)
    labs = np.array([linear_to_oklab(decode(colour)) for colour in colours])
    position = np.linspace(0, 1, steps)
    mixed = np.stack([np.interp(position, at, labs[:, channel]) for channel in range(3)], axis=-1)
    return encode(oklab_to_linear(mixed))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` (0..1) of `second` in `first`, in Oklab."""
    a, b = linear_to_oklab(decode(first)), linear_to_oklab(decode(second))
    return encode(oklab_to_linear(a + (b - a) * share))


def luminance(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """WCAG 2 relative luminance (0..1) of pixels (…, 3) in 0..255."""
    return np.asarray(decode(pixels) @ np.array([0.2126, 0.7152, 0.0722], np.float32), np.float32)


def contrast(first: float, second: float) -> float:
    """WCAG 2 contrast ratio (1..21) of two relative luminances."""
    lighter, darker = max(first, second), min(first, second)
    return (lighter + 0.05) / (darker + 0.05)


def decode(srgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB 0..255 to linear light 0..1 (IEC 61966-2-1)."""
    unit = np.clip(srgb / np.float32(255.0), 0, 1)
    return np.asarray(np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4), np.float32)


def encode(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Linear light 0..1 to sRGB 0..255."""
    unit = np.clip(linear, 0, 1)
    return np.asarray(np.where(unit <= 0.0031308, unit * 12.92, 1.055 * unit ** (1 / 2.4) - 0.055) * 255, np.float32)


# Björn Ottosson, "A perceptual color space for image processing" (2020): linear sRGB ↔ cone responses ↔ Oklab.
RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LMS_TO_RGB = np.linalg.inv(RGB_TO_LMS)
LAB_TO_LMS = np.linalg.inv(LMS_TO_LAB)


def linear_to_oklab(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.cbrt(linear @ RGB_TO_LMS.T) @ LMS_TO_LAB.T, np.float64)


def oklab_to_linear(lab: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(((lab @ LAB_TO_LMS.T) ** 3) @ LMS_TO_RGB.T, np.float64)
