"""Curtains of light folded across a night sky, over a low dark ridge."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.planet import stars
from app.providers.drawn.compositions.ridges import peaks, under
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

SHRINK = 4


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, palette = stage.rng, stage.palette
    canvas.backdrop(ramp([palette.night, mix(palette.night, palette.shade, 0.7), palette.shade], [0, 0.5, 1]))
    stars(canvas, stage, 90)
    tall, wide = canvas.height // SHRINK, canvas.width // SHRINK
    down = np.linspace(0, 1, tall, dtype=np.float32)[:, None]
    glow = np.zeros((tall, wide, 3), np.float32)
    for tint, strength in ((palette.body, 0.7), (palette.light, 0.55), (stage.accent, 0.5)):
        foot = rng.uniform(0.50, 0.62) + 0.07 * profile(rng, wide, 1.8, octaves=3, roughness=0.4)
        reach = rng.uniform(0.16, 0.30) * (1 + 0.4 * profile(rng, wide, 6, octaves=3, roughness=0.6))
        rays = 0.7 + 0.3 * profile(rng, wide, 30, octaves=2)
        above = (foot[None] - down) / np.maximum(reach, 0.05)[None]
        # Bright at the hem, fading upwards; a short soft edge below.
        light = np.exp(np.where(above > 0, -above * 1.7, above * 14).clip(-30)) * rays[None] * strength
        glow += light.astype(np.float32)[..., None] * tint
    # Light adds to light; the shoulder keeps the sum from burning out.
    glow = 235 * (1 - np.exp(-glow / 235))
    canvas.pixels += cv2.resize(glow, (canvas.width, canvas.height))
    np.minimum(canvas.pixels, 255, out=canvas.pixels)
    for depth in (0.0, 1.0):
        crest = canvas.height * (0.68 + 0.1 * depth) - canvas.unit * 0.07 * peaks(rng, 300, 3)
        canvas.polygon(under(crest, canvas), mix(palette.shade, palette.night, 0.55 + 0.45 * depth))
