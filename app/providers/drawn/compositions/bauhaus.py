"""A grid of quarters, halves, discs and bars, quiet above and full below."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import Colour, mix
from app.providers.drawn.stage import Mood, Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, palette = stage.rng, stage.palette
    ground = {Mood.DEEP: palette.night, Mood.VIVID: palette.shade, Mood.PALE: palette.paper}[stage.mood]
    canvas.backdrop(np.stack([ground, ground]))
    columns = 4 if canvas.width < canvas.height else 6 if canvas.width == canvas.height else 8
    cell = canvas.width / columns
    rows = int(canvas.height * 0.47 / cell)
    top = canvas.height - rows * cell
    tones = [mix(palette.body, palette.shade, share) for share in (0.0, 0.35, 0.7)] + [
        mix(palette.shade, palette.night, 0.5)
    ]
    marks = [stage.accent, palette.body, palette.light, stage.glow, palette.shade]
    for row in range(rows):
        for column in range(columns):
            x, y = column * cell, top + row * cell
            back = tones[int(rng.integers(0, len(tones)))]
            back = mix(back, palette.night, 0.0 if row == 0 else 0.3)
            canvas.polygon(np.array([[x, y], [x + cell, y], [x + cell, y + cell], [x, y + cell]]), back)
            mark = marks[int(rng.integers(0, len(marks)))]
            # Below the first row the captions pass: there the marks step back into their ground.
            motif(canvas, rng, x, y, cell, mark if row == 0 else mix(mark, palette.night, 0.5))


def motif(canvas: Canvas, rng: np.random.Generator, x: float, y: float, cell: float, colour: Colour) -> None:
    kind = int(rng.integers(0, 5))
    quarter = int(rng.integers(0, 4))
    corner_x, corner_y = x + cell * (quarter % 2), y + cell * (quarter // 2)
    turn = {0: 0.25, 1: 0.5, 2: 0.0, 3: 0.75}[quarter]
    if kind == 0:
        canvas.polygon(sector(corner_x, corner_y, cell, turn, 0.25), colour)
    elif kind == 1:
        canvas.polygon(sector(x + cell / 2, y + cell / 2, cell / 2, 0.25 * quarter, 0.5), colour)
    elif kind == 2:
        canvas.disc(x + cell / 2, y + cell / 2, cell * 0.34, colour, blur=1.5)
    elif kind == 3:
        for bar in range(4):
            left = x + cell * (bar + 0.25) / 4
            canvas.polygon(
                np.array([[left, y], [left + cell / 8, y], [left + cell / 8, y + cell], [left, y + cell]]), colour
            )
    else:
        for ring in range(3):
            canvas.polygon(sector(corner_x, corner_y, cell * (1 - ring * 0.3), turn, 0.25), colour, 0.4 + 0.3 * ring)


def sector(x: float, y: float, radius: float, start: float, share: float) -> np.ndarray:
    """A pie slice: `start` and `share` in turns, clockwise from up."""
    angle = (start + np.linspace(0, share, 48)) * 2 * np.pi
    rim = np.column_stack([x + radius * np.sin(angle), y - radius * np.cos(angle)])
    return np.concatenate([[[x, y]], rim])
