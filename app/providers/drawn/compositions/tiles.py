"""A board of small squares that light up in clusters: code, pixels, a machine thinking."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.noise import clouds
from app.providers.drawn.palettes import ramp
from app.providers.drawn.stage import Stage

TONES = 7


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    pitch = canvas.width / round(canvas.width / (unit * 0.052))
    columns, rows = round(canvas.width / pitch), int(canvas.height / pitch) + 1
    energy = clouds(rng, columns, rows, 4, 2) + rng.normal(0, 0.10, (rows, columns))
    # The light gathers in a belt just above the captions and dies out upwards and downwards.
    belt = np.exp(-(((np.arange(rows) / rows - 0.58) / 0.11) ** 2))[:, None]
    floor = np.clip((np.arange(rows) / rows - 0.6) / 0.1, 0, 1)[:, None] * 0.28
    level = np.clip(energy * (belt + floor) * 1.25, 0, 0.999)
    tints = ramp([stage.palette.shade, stage.palette.body, stage.palette.light, stage.glow], steps=TONES)
    tints[TONES - 2] = stage.accent
    size = pitch * 0.8
    for tone in range(1, TONES):
        chosen = np.argwhere((level * TONES).astype(int) == tone)
        squares = [tile(column * pitch + pitch * 0.1, row * pitch, size) for row, column in chosen]
        if squares:
            canvas.polygons(squares, tints[tone], 0.5 + 0.5 * tone / TONES)


def tile(left: float, top: float, size: float) -> np.ndarray:
    """A square with cut corners, so small that they read as round."""
    cut = size * 0.14
    low, high = cut, size - cut
    corners = [(low, 0), (high, 0), (size, low), (size, high), (high, size), (low, size), (0, high), (0, low)]
    return np.array(corners) + (left, top)
