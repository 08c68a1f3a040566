"""The stage: what a composition is given to paint with, the colours in their roles and the dice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.providers.drawn.canvas import Floats
from app.providers.drawn.palettes import Colour, Palette, mix, ramp


class Mood(StrEnum):
    """The time of day, so to say: how one palette lights different scenes."""

    DEEP = "deep"  # night above, a lit horizon
    VIVID = "vivid"  # saturated dusk
    PALE = "pale"  # paper above, dark ground


@dataclass(frozen=True)
class Stage:
    """`sky` runs from the zenith to the horizon, `land` from far to near, `wash` down a whole abstract picture.

    All three end dark, because the captions lie in white over the lower part.
    """

    mood: Mood
    palette: Palette
    sky: Floats
    land: Floats
    wash: Floats
    line: Colour  # thin marks, visible against sky and wash
    accent: Colour  # the loud one
    glow: Colour  # sun, moon, lamp
    rng: np.random.Generator


def set_stage(palette: Palette, mood: Mood, rng: np.random.Generator) -> Stage:
    p = palette
    if mood is Mood.DEEP:
        sky = ramp([p.night, p.shade, p.body, mix(p.body, p.light, 0.7)], [0, 0.5, 0.86, 1])
        land = ramp([mix(p.body, p.shade, 0.45), p.shade, p.night, mix(p.night, p.shade, 0.2)], [0, 0.3, 0.8, 1])
        wash = ramp([p.night, mix(p.shade, p.body, 0.15), p.night], [0, 0.55, 1])
        line = p.light
    elif mood is Mood.VIVID:
        sky = ramp([p.shade, p.body, mix(p.body, p.light, 0.55), p.light], [0, 0.5, 0.85, 1])
        land = ramp([mix(p.body, p.light, 0.25), p.body, p.shade, p.night], [0, 0.2, 0.6, 1])
        wash = ramp([p.shade, mix(p.shade, p.body, 0.85), p.shade, p.night], [0, 0.45, 0.8, 1])
        line = p.paper
    else:
        sky = ramp([p.paper, mix(p.paper, p.glow, 0.6), mix(p.glow, p.light, 0.6)], [0, 0.55, 1])
        land = ramp([mix(p.light, p.paper, 0.2), p.light, p.body, p.shade, p.night], [0, 0.15, 0.45, 0.75, 1])
        wash = ramp([p.paper, mix(p.paper, p.light, 0.6), p.body, p.shade], [0, 0.45, 0.68, 1])
        line = p.shade
    return Stage(mood, palette, sky, land, wash, line, p.accent, p.glow, rng)
