"""Orbits: thin circles around a lit body, each with a small traveller."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Mood, Stage

Points = NDArray[np.float64]

PIECES = 24


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    x = canvas.aside(rng)
    y = canvas.height * rng.uniform(0.62, 0.66)
    canvas.glow(x, y, unit * 0.8, stage.glow if stage.mood is not Mood.PALE else stage.accent, 0.35)
    core = unit * rng.uniform(0.085, 0.12)
    canvas.disc(x, y, core, ramp([stage.glow, stage.accent]), blur=1.5)
    tints = [stage.accent, stage.palette.light, stage.palette.paper, stage.glow]
    radius = core
    pieces, alphas = [], []
    for index in range(9):
        radius += unit * rng.uniform(0.075, 0.15)
        for piece in range(PIECES):
            line = arc(x, y, radius, piece / PIECES, (piece + 1) / PIECES, points=12)
            pieces.append(line)
            # The circles pale where they pass behind the words.
            alphas.append(0.12 + 0.33 * float(np.clip((line[:, 1].mean() / canvas.height - 0.42) / 0.1, 0, 1)))
        length = rng.uniform(0.05, 0.12)
        tail, body = low_arc(rng, canvas, x, y, radius, length)
        if body is None:
            continue
        tint = tints[index % len(tints)]
        canvas.strokes([tail], unit * 0.006, tint, 0.9)
        size = unit * rng.uniform(0.012, 0.026)
        canvas.disc(body[0], body[1], size, ramp([tint, mix(tint, stage.palette.night, 0.35)]), blur=1.5)
    canvas.strokes(pieces, unit * 0.0024, stage.line, alphas)


def low_arc(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, radius: float, length: float
) -> tuple[Points, Points | None]:
    """A traveller's tail and place, on the canvas and below the words; no place when the circle is too wide."""
    tail = arc(x, y, radius, 0, length)
    for end in rng.random(24):
        tail = arc(x, y, radius, end - length, end)
        if tail[:, 1].min() > canvas.height * 0.53 and 0 < tail[-1, 0] < canvas.width and tail[-1, 1] < canvas.height:
            return tail, tail[-1]
    return tail, None


def arc(x: float, y: float, radius: float, start: float, end: float, points: int = 80) -> Points:
    """Points along a circle between two turns (0 is up, 0.25 is right)."""
    angle = np.linspace(start, end, points) * 2 * np.pi
    return np.column_stack([x + radius * np.sin(angle), y - radius * np.cos(angle)])
