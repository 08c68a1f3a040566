"""Arcs and ticks of a great dial, swept to different hours."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    x = canvas.aside(rng)
    y = canvas.height * (0.76 if canvas.height >= canvas.width else 0.9)
    tints = [stage.accent, stage.palette.light, stage.glow, stage.palette.body, stage.line]
    rng.shuffle(tints)
    radius = unit * 0.12
    for index in range(6):
        width = unit * rng.uniform(0.014, 0.036)
        back = stage.wash[int(np.clip(y / canvas.height, 0, 1) * (len(stage.wash) - 1))]
        canvas.ring(x, y, radius, width, mix(stage.line, back, 0.78), 0.5)
        start, share = rng.random(), rng.uniform(0.15, 0.7)
        canvas.ring(x, y, radius, width, tints[index % len(tints)], 0.92, turn=(start, start + share))
        radius += width / 2 + unit * rng.uniform(0.035, 0.055)
    ticks = []
    for tick in range(120):
        angle = tick / 120 * 2 * np.pi
        long = 0.035 if tick % 10 == 0 else 0.016
        ring = radius + unit * 0.02
        ticks.append(
            np.array(
                [
                    [x + ring * np.sin(angle), y - ring * np.cos(angle)],
                    [x + (ring + unit * long) * np.sin(angle), y - (ring + unit * long) * np.cos(angle)],
                ]
            )
        )
    canvas.strokes(ticks, unit * 0.003, stage.line, 0.7)
