"""Mountain ridges one behind the other, paler with distance, under a low sun."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.providers.drawn.canvas import Canvas, Floats
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix
from app.providers.drawn.stage import Stage

LAYERS = 6


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 6 // 10, axis=0)]))
    sun_x, sun_y = canvas.aside(rng), height * rng.uniform(0.47, 0.54)
    radius = unit * rng.uniform(0.07, 0.11)
    sun_x, sun_y = canvas.clear_of_words(sun_x, sun_y, radius)
    canvas.glow(sun_x, sun_y, unit * 0.75, stage.glow, 0.55)
    canvas.disc(sun_x, sun_y, radius, stage.glow)
    haze = stage.sky[-1]
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        base = height * (0.56 + 0.32 * depth)
        relief = unit * (0.10 + 0.05 * depth)
        crest = base - relief * peaks(rng, 400, cells=2.2 + 1.6 * (1 - depth))
        tone = stage.land[int(depth * (len(stage.land) - 1))]
        # Valleys hold mist: each ridge fades into the haze of the one before it, less so the nearer it is.
        foot = mix(tone, haze, 0.45 * (1 - depth))
        canvas.polygon(under(crest, canvas), np.linspace(tone, foot, 64).astype(np.float32))


def peaks(rng: np.random.Generator, count: int, cells: float) -> Floats:
    """Heights about 0 with sharp summits and round valleys."""
    swell = profile(rng, count, cells, octaves=5, roughness=0.48)
    return np.float32(0.75) - np.float32(1.2) * np.abs(swell)


def under(crest: NDArray[np.floating], canvas: Canvas) -> Floats:
    """The polygon between a line of heights across the canvas and the canvas's bottom."""
    across = np.linspace(-4, canvas.width + 4, len(crest))
    line = np.column_stack([across, crest])
    floor = [[canvas.width + 4, canvas.height + 4], [-4, canvas.height + 4]]
    return np.concatenate([line, floor]).astype(np.float32)
