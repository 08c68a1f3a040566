"""Currents: long strokes that follow a slow field, gathered by colour."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.noise import clouds
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Mood, Stage

GRID = 96
STEPS = 60


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    angle = (clouds(rng, GRID, GRID, 1.5, 2) - 0.5) * 3.2 + rng.uniform(-0.5, 0.5)
    count = int(190 * canvas.width * canvas.height / unit**2)
    paths = trace(rng, angle, count, canvas, unit * 0.013)
    tints = [stage.line, stage.palette.light, stage.accent, stage.glow]
    if stage.mood is Mood.PALE:
        tints = [stage.palette.body, stage.palette.shade, stage.accent, stage.palette.body]
    for index, (tint, share) in enumerate(zip(tints, (0.55, 0.25, 0.08, 0.12), strict=True)):
        first = int(count * sum((0.55, 0.25, 0.08, 0.12)[:index]))
        chosen = paths[first : first + int(count * share)]
        # Above, where the words are, the strokes are only a breath.
        above = chosen[:, :, 1].min(axis=1) < canvas.height * 0.46
        middle = mix(tint, stage.wash[len(stage.wash) // 2], 0.2)
        alphas = np.where(above, 0.35, 1.0) * (0.30 + 0.13 * index)
        canvas.strokes(chosen, unit * (0.0022 + 0.0018 * index), middle, alphas.tolist())


def trace(rng: np.random.Generator, angle: np.ndarray, count: int, canvas: Canvas, stride: float) -> np.ndarray:
    """`count` paths of STEPS points each through the field of directions, in pixels."""
    at = rng.random((count, 2)) * (canvas.width * 1.2, canvas.height) - (canvas.width * 0.2, 0)
    path = [at]
    for _ in range(STEPS - 1):
        column = np.clip(at[:, 0] / canvas.width * GRID, 0, GRID - 1).astype(int)
        row = np.clip(at[:, 1] / canvas.height * GRID, 0, GRID - 1).astype(int)
        turn = angle[row, column]
        at = at + stride * np.column_stack([np.cos(turn), np.sin(turn)])
        path.append(at)
    return np.stack(path, axis=1)
