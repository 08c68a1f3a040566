"""A skyline in three depths, with windows lit here and there."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 6 // 10, axis=0)]))
    canvas.glow(canvas.width * rng.uniform(0.3, 0.7), height * 0.62, unit * 0.9, stage.glow, 0.5)
    canvas.disc(*canvas.clear_of_words(canvas.aside(rng), height * 0.56, unit * 0.1), unit * 0.1, stage.accent)
    for depth, low, high, share in ((0.0, 0.02, 0.10, 0.10), (0.45, -0.05, 0.06, 0.16), (1.0, -0.22, -0.06, 0.22)):
        tone = stage.land[int((0.1 + 0.8 * depth) * (len(stage.land) - 1))]
        tone = mix(tone, stage.sky[-1], 0.25 * (1 - depth))
        x = -unit * rng.uniform(0, share / 2)
        towers, windows = [], []
        while x < canvas.width:
            width = unit * share * rng.uniform(0.55, 1.1)
            top = height * 0.64 - unit * rng.uniform(low, high)
            towers.append(box(x, top, width + 1, height - top + 4))
            if rng.random() < 0.35:
                towers.append(box(x + width * 0.2, top - unit * 0.03, width * 0.5, unit * 0.04))
            if rng.random() < 0.18 and depth < 1:
                towers.append(box(x + width * 0.46, top - unit * 0.09, unit * 0.005, unit * 0.1))
            if depth > 0:
                windows += lit_windows(rng, x, top, width, unit)
            x += width
        canvas.polygons(towers, np.linspace(tone, mix(tone, stage.palette.night, 0.5), 32).astype(np.float32))
        if windows:
            canvas.polygons(windows, stage.glow, 0.75 if depth < 1 else 0.4)


def lit_windows(rng: np.random.Generator, x: float, top: float, width: float, unit: float) -> list[np.ndarray]:
    """A few windows of one tower, on its grid, near its top."""
    size, pitch = unit * 0.0085, unit * 0.022
    columns = int((width * 1.0 - pitch) / pitch)
    left = x + (width * 1.0 - columns * pitch) / 2 + (pitch - size) / 2
    return [
        box(left + column * pitch, top + pitch * (row + 1), size, size * 1.3)
        for row in range(7)
        for column in range(columns)
        if rng.random() < 0.22
    ]


def box(left: float, top: float, width: float, height: float) -> np.ndarray:
    return np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
