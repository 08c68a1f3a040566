"""Isometric columns of different heights: growth, data, a city seen as a chart."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.noise import clouds
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    side = unit * 0.05
    heights = clouds(rng, 40, 40, 5, 2)
    lit = rng.random((40, 40))
    step_x, step_y = side, side * 0.577
    centre = canvas.width / 2
    for diagonal in range(60):
        for row in range(diagonal + 1):
            column = diagonal - row
            if row >= 40 or column >= 40:
                continue
            x = centre + (column - row) * step_x
            foot = canvas.height * 0.66 + (diagonal - 12) * step_y
            if not -2 * side < x < canvas.width + 2 * side or not canvas.height * 0.62 < foot < canvas.height * 1.35:
                continue
            depth = float(np.clip((foot / canvas.height - 0.62) / 0.4, 0, 1))
            tall = unit * (0.02 + 0.34 * float(heights[row, column]) ** 3) * (1 - 0.35 * depth)
            tone = stage.land[int((0.15 + 0.75 * depth) * (len(stage.land) - 1))]
            if lit[row, column] > 0.94:
                tone = mix(stage.accent, stage.palette.night, 0.65 * depth)
            column_block(canvas, stage, x, foot, side, tall, tone)


def column_block(
    canvas: Canvas, stage: Stage, x: float, foot: float, side: float, tall: float, tone: np.ndarray
) -> None:
    """One column: a lit top and two flanks in shade, all standing on `foot`."""
    half = side * 0.577
    top = foot - tall
    roof = np.array([[x, top - half], [x + side, top], [x, top + half], [x - side, top]])
    left = np.array([[x - side, top], [x, top + half], [x, foot + half], [x - side, foot]])
    right = np.array([[x + side, top], [x, top + half], [x, foot + half], [x + side, foot]])
    canvas.polygon(left, mix(tone, stage.palette.night, 0.25))
    canvas.polygon(right, mix(tone, stage.palette.night, 0.55))
    canvas.polygon(roof, mix(tone, stage.glow, 0.22))
