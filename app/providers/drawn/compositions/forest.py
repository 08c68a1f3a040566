"""Firs in the mist: rows of trees that darken as they come near."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.ridges import under
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

ROWS = 4


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 7 // 10, axis=0)]))
    canvas.glow(canvas.width * 0.5, height * 0.52, unit * 0.8, stage.glow, 0.4)
    canvas.disc(*canvas.clear_of_words(canvas.aside(rng), height * 0.5, unit * 0.09), unit * 0.09, stage.glow)
    for row in range(ROWS):
        depth = row / (ROWS - 1)
        tone = mix(stage.land[int((0.1 + 0.85 * depth) * (len(stage.land) - 1))], stage.sky[-1], 0.3 * (1 - depth))
        ground = height * (0.64 + 0.19 * depth) - unit * 0.03 * profile(rng, 200, 2, octaves=2)
        pitch = unit * (0.035 + 0.05 * depth)
        trees = []
        x = -pitch
        while x < canvas.width + pitch:
            foot = float(np.interp(x, np.linspace(0, canvas.width, 200), ground)) + unit * 0.02
            trees.append(fir(rng, x, foot, unit * (0.10 + 0.13 * depth) * rng.uniform(0.55, 1.1)))
            x += pitch * rng.uniform(0.6, 1.5)
        mist = mix(tone, stage.sky[-1], 0.35 * (1 - depth))
        canvas.polygons([*trees, under(ground, canvas)], ramp([tone, tone, mist], [0, 0.35, 1]))


def fir(rng: np.random.Generator, x: float, foot: float, tall: float) -> np.ndarray:
    """A fir's outline: tiers of boughs that widen downwards, each tip hanging a little below its root."""
    tiers = 7
    half = tall * rng.uniform(0.17, 0.24)
    left, right = [], []
    for tier in range(tiers):
        share = (tier + 1) / tiers
        y = foot - tall * (1 - share)
        reach = half * share**0.85
        left += [(x - reach * rng.uniform(0.85, 1.1), y), (x - reach * 0.45, y - tall * 0.025)]
        right += [(x + reach * rng.uniform(0.85, 1.1), y), (x + reach * 0.45, y - tall * 0.025)]
    return np.array([(x, foot - tall), *right, *left[::-1]])
