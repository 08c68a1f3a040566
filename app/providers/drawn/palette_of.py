"""A painter's palette from the three colours of a template or a brand."""

from __future__ import annotations

import numpy as np

from app.domain.caption_style import rgb_of
from app.domain.template import Palette as TemplateColours
from app.providers.drawn.palettes import Oklch, Palette, decode, linear_to_oklab

# Lightness and chroma of the five steps, as the palettes tuned by hand have them on the mean.
_LIGHTNESS = (0.20, 0.35, 0.54, 0.79, 0.957)
_CHROMA = (0.050, 0.095, 0.130, 0.095, 0.018)
MOST_VIVID = 1.25  # of the mean: beyond it a picture shouts down its captions
NEUTRAL = 0.1  # below it a colour has no hue that an eye would name
TINT = 0.15  # of the mean: how much of the accent's hue a neutral ground takes on, lest the picture be mere grey
ACCENT_LIGHTNESS = (0.64, 0.87)
# An accent of about the middle tone's hue and chroma must be lighter to be seen.
CLOSE, CLOSE_ACCENT_LIGHTNESS = 0.09, 0.70
GLOW_LIGHTNESS, GLOW_CHROMA = 0.91, (0.04, 0.10)


def palette_of(colours: TemplateColours) -> Palette:
    """Five steps in the hue of the darker of ground and text, to the lighter one as paper; the accent and its light.

    The steps keep the lightness that compositions are made for, so that a picture is as calm and its words are as
    legible in any colours.
    """
    dark, light = sorted((to_oklch(colours.ground), to_oklch(colours.text)))
    accent = to_oklch(colours.accent)
    vivid, hue = vividness(dark), dark[2]
    if vivid < NEUTRAL:
        # In black on yellow with a black accent it is the yellow that marks.
        accent = accent if vividness(accent) >= NEUTRAL else light
        vivid, hue = TINT * min(1.0, vividness(accent)), accent[2]

    def step(at: int, vivid: float, hue: float) -> Oklch:
        return _LIGHTNESS[at], _CHROMA[at] * min(vivid, MOST_VIVID), hue

    night, shade, body, pale = (step(at, vivid, hue) for at in range(4))
    paper = step(4, vividness(light), light[2])
    return Palette("own", night, shade, body, pale, paper, _set_off(accent, body), _glow_of(accent))


def is_light(colours: TemplateColours) -> bool:
    """Whether its words are the darker."""
    return to_oklch(colours.ground) > to_oklch(colours.text)


def to_oklch(colour: str) -> Oklch:
    """Of `#RRGGBB`."""
    lightness, a, b = linear_to_oklab(decode(np.array(rgb_of(colour), np.float32)))
    return float(lightness), float(np.hypot(a, b)), float(np.degrees(np.arctan2(b, a))) % 360


def vividness(colour: Oklch) -> float:
    """Its chroma, as a share of what the palettes have at this lightness."""
    return colour[1] / float(np.interp(colour[0], _LIGHTNESS, _CHROMA))


def _set_off(accent: Oklch, body: Oklch) -> Oklch:
    """The accent where it is seen against the picture's middle tone: far from it in lightness or in hue."""
    lightness, chroma, hue = accent
    darkest, lightest = ACCENT_LIGHTNESS
    angle = np.radians(hue - body[2])
    is_close = float(np.hypot(chroma * np.cos(angle) - body[1], chroma * np.sin(angle))) < CLOSE
    return max(CLOSE_ACCENT_LIGHTNESS if is_close else darkest, min(lightest, lightness)), chroma, hue


def _glow_of(accent: Oklch) -> Oklch:
    least, most = GLOW_CHROMA
    return GLOW_LIGHTNESS, min(most, max(least, accent[1] / 2)), accent[2]
