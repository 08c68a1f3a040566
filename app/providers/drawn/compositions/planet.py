"""A world rising from below, lit along one limb, with stars and a small moon."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import CLEAR_OF_WORDS, Canvas, distances
from app.providers.drawn.noise import clouds
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Mood, Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, palette = stage.rng, canvas.unit, stage.palette
    # Space is dark in every mood; the moods differ in how much of the palette it lets through.
    far = {Mood.DEEP: 0.25, Mood.VIVID: 0.7, Mood.PALE: 0.5}[stage.mood]
    canvas.backdrop(ramp([palette.night, mix(palette.night, palette.shade, far), palette.night], [0, 0.5, 1]))
    stars(canvas, stage, 150)
    radius = unit * rng.uniform(0.62, 0.85)
    x, y = canvas.aside(rng), canvas.height * rng.uniform(0.57, 0.6) + radius
    if canvas.words is not None:
        y = max(y, canvas.words[3] + radius + CLEAR_OF_WORDS * unit)
    light_x, light_y = x + radius * rng.choice([-0.6, 0.6]), y - radius * 0.85
    canvas.glow(x, y, radius * 1.45, palette.body, 0.9)
    canvas.disc(x, y, radius, palette.night, blur=1.5)
    sphere(canvas, stage, (x, y, radius), (light_x, light_y))
    # The moon hangs on the dark side, and in a wide frame never among the words.
    leftmost = 0.62 if canvas.width > canvas.height else 0.14
    moon_x = np.clip(x + radius * np.sign(x - light_x) * 0.6, canvas.width * leftmost, canvas.width * 0.86)
    moon_y, moon_r = y - radius * rng.uniform(1.12, 1.2), unit * rng.uniform(0.03, 0.05)
    moon_x, moon_y = canvas.clear_of_words(float(moon_x), moon_y, moon_r)
    canvas.disc(moon_x, moon_y, moon_r, ramp([stage.accent, mix(stage.accent, palette.night, 0.55)]), blur=1.5)


def sphere(canvas: Canvas, stage: Stage, globe: tuple[float, float, float], light: tuple[float, float]) -> None:
    """Bands of weather on the lit side, fading across the terminator."""
    x, y, radius = globe
    palette = stage.palette
    left, top = max(0, int(x - radius)), max(0, int(y - radius))
    right, bottom = min(canvas.width, int(x + radius) + 1), canvas.height
    box = (left, top, right, bottom)
    wide, tall = right - left, bottom - top
    weather = clouds(stage.rng, max(4, wide // 64), max(4, tall // 6), 5, 3)
    weather = np.asarray(cv2.resize(weather, (wide, tall), interpolation=cv2.INTER_CUBIC), np.float32)
    lit = np.clip(1.05 - distances(box, *light) / np.float32(radius * 1.15), 0, 1)
    inside = np.clip(radius - distances(box, x, y), 0, 1)
    index = np.clip(weather * 511, 0, 511).astype(np.int32)
    cloud = mix(palette.body, palette.light, 0.5)
    surface = ramp([palette.body, cloud, palette.light, stage.glow])[index]
    region = canvas.pixels[top:bottom, left:right]
    region += (surface - region) * (inside * lit)[..., None]


def stars(canvas: Canvas, stage: Stage, count: int) -> None:
    for _ in range(count):
        x, y = stage.rng.random(2) * (canvas.width, canvas.height)
        size = canvas.unit * (0.0007 + 0.0016 * stage.rng.random() ** 6)
        canvas.disc(x, y, size, stage.palette.paper, stage.rng.uniform(0.25, 0.9))
