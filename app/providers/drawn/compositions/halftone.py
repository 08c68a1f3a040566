"""A printed sphere: dots that swell with the shadow, on a turned screen."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas, distances
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    x, y = canvas.aside(rng), canvas.height * rng.uniform(0.74, 0.80)
    radius = unit * rng.uniform(0.34, 0.42)
    canvas.disc(x, y, radius, mix(stage.palette.body, stage.palette.shade, 0.35), blur=1.5)
    pitch = unit * 0.0165
    angle = np.radians(rng.choice([15.0, 30.0, 45.0]))
    left, top = max(0, int(x - radius)), max(0, int(y - radius))
    box = (left, top, min(canvas.width, int(x + radius) + 1), min(canvas.height, int(y + radius) + 1))
    down, across = np.mgrid[top : box[3], left : box[2]].astype(np.float32)
    cos, sin = np.float32(np.cos(angle) / pitch), np.float32(np.sin(angle) / pitch)
    screen_x, screen_y = across * cos + down * sin, down * cos - across * sin
    screen_x -= np.rint(screen_x)
    screen_y -= np.rint(screen_y)
    distance = np.sqrt(screen_x**2 + screen_y**2) * np.float32(pitch)
    from_light = distances(box, x - radius * 0.4, y - radius * 0.45)
    size = np.float32(pitch * 0.62) * np.clip(1.1 - from_light / np.float32(radius * 1.35), 0, 1)
    inside = np.clip(np.float32(radius) - distances(box, x, y), 0, 1)
    mask = np.clip(size - distance + 0.5, 0, 1) * inside * (size > 0.4)
    canvas.blend(mask, left, top, mix(stage.accent, stage.glow, 0.25))
    canvas.ring(x, y, radius * 1.12, unit * 0.003, stage.line, 0.7)
