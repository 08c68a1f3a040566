"""A sea at dusk: rolling bands of water under a disc and its broken reflection."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.ridges import under
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

BANDS = 8


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    horizon = height * rng.uniform(0.55, 0.585)
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 75 // 100, axis=0)]))
    x, radius = canvas.aside(rng), unit * rng.uniform(0.15, 0.2)
    x, sun_y = canvas.clear_of_words(x, horizon - radius * 0.18, radius)
    canvas.glow(x, horizon, unit * 0.9, stage.glow, 0.6)
    canvas.disc(x, sun_y, radius, ramp([stage.glow, stage.accent]))

    across = np.linspace(0, 1, 240)
    for band in range(BANDS):
        depth = band / (BANDS - 1)
        top = horizon + (height - horizon) * depth**1.35 * 0.86
        swell = unit * 0.024 * depth
        wave = np.sin((across * (7 - 4.2 * depth) + rng.random()) * 2 * np.pi) + 0.4 * np.sin(
            (across * (13 - 7 * depth) + rng.random()) * 2 * np.pi
        )
        tone = stage.land[int((0.12 + 0.88 * depth) * (len(stage.land) - 1))]
        rim = mix(tone, stage.glow, 0.30 * (1 - depth))
        canvas.polygon(under(top + swell * wave, canvas), ramp([rim, tone, tone], [0, 0.12, 1]))

    for _ in range(26):
        along = rng.random() ** 1.3
        y = horizon + unit * (0.012 + 0.42 * along)
        half = unit * (0.11 * (1 - along) + 0.02) * rng.uniform(0.25, 1)
        shift = unit * rng.normal(0, 0.02 + 0.05 * along)
        glint(canvas, stage, x + shift, y, half, 0.85 * (1 - along))


def glint(canvas: Canvas, stage: Stage, x: float, y: float, half: float, alpha: float) -> None:
    """A lens of light lying on the water."""
    along = np.linspace(0, 2 * np.pi, 28)
    lens = np.column_stack([x + half * np.cos(along), y + canvas.unit * 0.0035 * np.sin(along)])
    canvas.polygon(lens, stage.glow, alpha)
