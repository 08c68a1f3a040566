"""A contour map: lines of equal height over a slow terrain, every fifth one stronger."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import Canvas, Floats
from app.providers.drawn.noise import clouds
from app.providers.drawn.stage import Stage

LEVELS = 22


def paint(canvas: Canvas, stage: Stage) -> None:
    rng = stage.rng
    small_w, small_h = canvas.width // 6, canvas.height // 6
    terrain = clouds(rng, small_w, small_h, cells=rng.uniform(1.3, 1.9), octaves=2)
    down = np.linspace(0, 1, small_h, dtype=np.float32)[:, None]
    canvas.field(np.clip(down + (terrain - 0.5) * 0.22, 0, 1), stage.wash)
    for step, (width, alpha) in {1: (0.0016, 0.42), 5: (0.0030, 0.85)}.items():
        canvas.blend(
            iso_lines(canvas, terrain * (LEVELS / step), canvas.unit * width, alpha) * quiet_top(canvas),
            0,
            0,
            stage.line,
        )
    # The summit that gets the mark is looked for between the words and the captions.
    top, left = int(small_h * 0.50), int(small_w * 0.2)
    summits = terrain[top : int(small_h * 0.60), left : int(small_w * 0.8)]
    row, column = np.unravel_index(int(np.argmax(summits)), summits.shape)
    x, y = (left + float(column)) * 6, (top + float(row)) * 6
    canvas.disc(x, y, canvas.unit * 0.012, stage.accent)
    canvas.ring(x, y, canvas.unit * 0.026, canvas.unit * 0.003, stage.accent)


def quiet_top(canvas: Canvas) -> Floats:
    """A column of strengths that leaves the lines faint behind the words."""
    down = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    return np.asarray(0.42 + 0.58 * np.clip((down - 0.40) / 0.16, 0, 1), np.float32)


def iso_lines(canvas: Canvas, levels: Floats, width: float, alpha: float) -> Floats:
    """A mask of lines `width` pixels wide wherever the field passes a whole number."""
    full = cv2.resize(levels, (canvas.width, canvas.height), interpolation=cv2.INTER_CUBIC)
    slope_x = cv2.Sobel(levels, cv2.CV_32F, 1, 0, scale=1 / 8) * (levels.shape[1] / canvas.width)
    slope_y = cv2.Sobel(levels, cv2.CV_32F, 0, 1, scale=1 / 8) * (levels.shape[0] / canvas.height)
    slope = cv2.resize(cv2.magnitude(slope_x, slope_y), (canvas.width, canvas.height))
    # The distance to the line, in pixels, is how far the value is from it over how fast it changes there.
    full -= np.rint(full)
    distance = np.abs(full, out=full)
    distance /= np.maximum(slope, 1e-4)
    return np.asarray(np.clip(width / 2 + 0.5 - distance, 0, 1) * alpha, np.float32)
