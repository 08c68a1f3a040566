"""Packed circles, large to small, settled at the bottom like fruit in a bowl."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, palette = stage.rng, stage.palette
    canvas.backdrop(stage.wash)
    tints = [palette.body, palette.shade, palette.body, stage.accent, palette.light, stage.glow]
    for x, y, radius in pack(rng, canvas):
        depth = float(np.clip((y / canvas.height - 0.6) / 0.3, 0, 1))
        tint = mix(tints[int(rng.integers(0, len(tints)))], palette.night, 0.45 * depth)
        canvas.disc(x, y, radius, ramp([mix(tint, stage.glow, 0.18), mix(tint, palette.night, 0.28)]), blur=1.5)
        if rng.random() < 0.45:
            canvas.ring(x, y, radius * 0.62, radius * 0.05, mix(tint, palette.paper, 0.4), 0.6)
        if rng.random() < 0.4:
            canvas.disc(x, y, radius * 0.26, mix(tint, palette.night, 0.6), blur=1.5)


def pack(rng: np.random.Generator, canvas: Canvas) -> list[tuple[float, float, float]]:
    """Circles that touch but do not overlap, largest first, denser downwards."""
    unit = canvas.unit
    placed = np.empty((0, 3))
    for radius in unit * np.geomspace(0.17, 0.012, 46):
        darts = rng.random((60, 2)) ** (1, 0.75) * (canvas.width, canvas.height * 0.48) + (0, canvas.height * 0.56)
        for x, y in darts:
            gaps = np.hypot(placed[:, 0] - x, placed[:, 1] - y) - placed[:, 2]
            if len(placed) == 0 or gaps.min() > radius + unit * 0.006:
                if y - radius > canvas.height * 0.545:
                    placed = np.vstack([placed, (x, y, radius)])
                    break
    return [(float(x), float(y), float(radius)) for x, y, radius in placed]
