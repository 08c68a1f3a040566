"""Ridge lines of a signal, each hiding the ones behind it."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage

LINES = 17


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    across = np.linspace(0, 1, 360)
    centre = rng.uniform(0.4, 0.62)
    top, bottom = canvas.height * 0.50, canvas.height * 0.99
    loud = int(rng.integers(4, 10))
    for index in range(LINES):
        depth = index / (LINES - 1)
        base = top + (bottom - top) * depth
        envelope = np.exp(-(((across - centre - rng.normal(0, 0.03)) / 0.19) ** 2))
        swing = np.abs(profile(rng, 360, 11, octaves=3, roughness=0.5)) * envelope + 0.04 * profile(rng, 360, 40)
        height = base - unit * 0.20 * (1 - 0.6 * depth) * swing
        behind = stage.wash[int(base / canvas.height * (len(stage.wash) - 1))]
        # Only down to the next lines: they hide the rest themselves.
        low = base + (bottom - top) / LINES * 1.6
        first = int(max(0.0, height.min()) / canvas.height * (len(stage.wash) - 1))
        last = int(min(1.0, low / canvas.height) * (len(stage.wash) - 1))
        canvas.polygon(between(height, low, canvas), stage.wash[first : last + 1])
        line = np.column_stack([np.linspace(-4, canvas.width + 4, 360), height])
        tint = stage.accent if index == loud else mix(stage.line, behind, 0.15 + 0.75 * depth)
        canvas.strokes([line], unit * (0.005 if index == loud else 0.0026), tint)


def between(height: np.ndarray, low: float, canvas: Canvas) -> np.ndarray:
    """The strip under a line of heights, down to `low`."""
    across = np.linspace(-4, canvas.width + 4, len(height))
    return np.concatenate([np.column_stack([across, height]), [[across[-1], low], [across[0], low]]])
