"""A faceted sheet: triangles lit from one side, like rock, ice or folded paper."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import Canvas, stretch
from app.providers.drawn.noise import clouds
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    wash = stretch(stage.wash, canvas.height + 1)
    canvas.backdrop(stage.wash)
    pitch = unit * rng.uniform(0.13, 0.18)
    columns, rows = int(canvas.width / pitch) + 3, int(canvas.height / pitch) + 3
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float64)
    points = (grid - 1 + rng.uniform(-0.36, 0.36, grid.shape)) * pitch
    relief = cv2.resize(clouds(rng, 64, 64, 3, 3), (columns, rows))
    for row in range(rows - 1):
        for column in range(columns - 1):
            square = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            halves = (square[:3], [square[0], *square[2:]])
            if (row + column) % 2:
                halves = (square[1:], [square[0], square[1], square[3]])
            for half in halves:
                triangle = np.array([points[corner] for corner in half])
                slope = tilt(triangle, np.array([relief[corner] for corner in half]), pitch)
                y = float(np.clip(triangle[:, 1].mean(), 0, canvas.height))
                # The lower the facet the more of the loud light it takes; the words above stay on quiet ground.
                strength = 0.12 + 0.4 * np.exp(-(((y / canvas.height - 0.6) / 0.14) ** 2))
                tone = mix(
                    wash[int(y)], stage.palette.light if slope > 0 else stage.palette.night, abs(slope) * strength
                )
                if slope > 0.62 and canvas.height * 0.5 < y < canvas.height * 0.66:
                    tone = mix(stage.accent, tone, 0.2)
                # A hair of overlap, or the seams between anti-aliased edges would show.
                centre = triangle.mean(axis=0)
                canvas.polygon(centre + (triangle - centre) * (1 + 1.5 / pitch), tone)


def tilt(triangle: np.ndarray, heights: np.ndarray, pitch: float) -> float:
    """How much a facet faces the light, -1..1: the slope of its plane towards the upper left."""
    edges = (triangle[1:] - triangle[0]) / pitch
    rise = heights[1:] - heights[0]
    gradient = np.linalg.lstsq(edges, rise, rcond=None)[0]
    return float(np.tanh(3.2 * (gradient[0] * 0.7 + gradient[1] * 0.7)))
