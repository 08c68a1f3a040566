"""Paper leaves growing up from the lower edge, the nearer the darker."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import Colour, mix, ramp
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, palette = stage.rng, canvas.unit, stage.palette
    canvas.backdrop(stage.wash)
    x, y = canvas.clear_of_words(canvas.aside(rng), canvas.height * 0.575, unit * 0.16)
    canvas.disc(x, y, unit * 0.16, stage.accent, 0.9, blur=1.5)
    stems = int(6 * canvas.width / unit)
    for row, (tall, tone) in enumerate(((0.46, palette.body), (0.36, palette.shade), (0.27, palette.night))):
        for stem in range(stems):
            x = (stem + rng.uniform(0.1, 0.9)) / stems * canvas.width
            foot = canvas.height * 1.02
            reach = canvas.height * tall * rng.uniform(0.65, 1.0)
            frond(canvas, stage, (x, foot), reach, rng.uniform(-0.35, 0.35), mix(tone, palette.light, 0.12 * (2 - row)))


def frond(canvas: Canvas, stage: Stage, foot: tuple[float, float], reach: float, lean: float, tone: Colour) -> None:
    """A bent stem with pairs of leaves that shrink towards its tip."""
    along = np.linspace(0, 1, 24)
    stem = np.column_stack([foot[0] + lean * reach * along**2, foot[1] - reach * along])
    shapes = []
    for joint in range(7, 24, 3):
        direction = np.arctan2(*(stem[joint] - stem[joint - 1])[::-1])
        length = reach * 0.20 * (1.15 - along[joint])
        for side in (-1, 1):
            shapes.append(leaf(stem[joint], direction + side * 0.85, length))
    shapes.append(leaf(stem[-1], float(np.arctan2(*(stem[-1] - stem[-2])[::-1])), reach * 0.09))
    paint_ramp = ramp([mix(tone, stage.glow, 0.2), tone, mix(tone, stage.palette.night, 0.5)])
    canvas.polygons(shapes, paint_ramp)
    canvas.strokes([stem], canvas.unit * 0.005, mix(tone, stage.palette.night, 0.2))


def leaf(root: np.ndarray, direction: float, length: float) -> np.ndarray:
    """A pointed oval from `root` along `direction` (radians)."""
    along = np.linspace(0, 1, 16)
    half = 0.22 * np.sin(np.pi * along**0.8) * length
    forward = np.array([np.cos(direction), np.sin(direction)])
    aside = np.array([-forward[1], forward[0]])
    spine = root + along[:, None] * length * forward
    outline: np.ndarray = np.concatenate([spine + half[:, None] * aside, (spine - half[:, None] * aside)[::-1]])
    return outline
