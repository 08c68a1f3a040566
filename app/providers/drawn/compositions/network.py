"""A web of points and the lines between near ones: people, cells, machines."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    canvas.glow(canvas.width * rng.random(), canvas.height * 0.6, unit * 0.9, stage.palette.light, 0.3)
    points = scatter(rng, canvas, unit * 0.105)
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = np.argwhere(np.triu(gaps < unit * 0.185, 1))
    # The net thins out upwards, where the words are.
    low = points[near].mean(axis=1)[:, 1] > canvas.height * 0.5
    canvas.strokes(points[near[~low]], unit * 0.0018, stage.line, 0.22)
    canvas.strokes(points[near[low]], unit * 0.0024, stage.line, 0.5)
    for index, (x, y) in enumerate(points):
        tint = (stage.line, stage.palette.light, stage.accent, stage.glow)[int(rng.integers(0, 4))]
        hub = index % 7 == 0 and y > canvas.height * 0.52
        size = unit * (rng.uniform(0.018, 0.03) if hub else rng.uniform(0.004, 0.008))
        if hub:
            canvas.disc(x, y, size * 1.7, tint, 0.25)
        canvas.disc(x, y, size, mix(tint, stage.palette.night, 0.1 if hub else 0.3), blur=1.5)


def scatter(rng: np.random.Generator, canvas: Canvas, apart: float) -> np.ndarray:
    """Points at least `apart` from each other, all over the canvas (dart throwing)."""
    points = np.empty((0, 2))
    for dart in rng.random((900, 2)) * (canvas.width, canvas.height):
        if len(points) == 0 or np.min(np.sum((points - dart) ** 2, axis=1)) > apart**2:
            points = np.vstack([points, dart])
    return points
