"""Dunes: long curves whose crests part the light from the shadow."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.ridges import under
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

LAYERS = 4


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 7 // 10, axis=0)]))
    x, radius = canvas.aside(rng), unit * rng.uniform(0.11, 0.15)
    # It may sink behind the crests, but not rise into the words.
    canvas.disc(*canvas.clear_of_words(x, height * 0.53, radius), radius, stage.accent)
    count = 320
    across = np.linspace(-4, canvas.width + 4, count)
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        tone = stage.land[int((0.18 + 0.78 * depth) * (len(stage.land) - 1))]
        crest = height * (0.57 + 0.25 * depth) - unit * (0.05 + 0.05 * depth) * profile(rng, count, 1.8, octaves=1)
        canvas.polygon(under(crest, canvas), ramp([mix(tone, stage.glow, 0.35 * (1 - 0.7 * depth)), tone], [0, 1]))
        # The slip face hangs from the crest and swings away from it: one dark lobe a summit.
        summit = int(rng.uniform(0.2, 0.8) * count)
        end = min(count - 1, summit + int(count * rng.uniform(0.3, 0.5)))
        start = max(0, summit - int(count * rng.uniform(0.15, 0.3)))
        lobe = np.linspace(0, np.pi, end - start)
        fall = unit * (0.10 + 0.10 * depth) * np.sin(lobe) ** 1.5
        ridge = np.column_stack([across[start:end], crest[start:end]])
        foot = np.column_stack([across[start:end] + unit * 0.08 * np.sin(lobe), crest[start:end] + fall])[::-1]
        canvas.polygon(np.concatenate([ridge, foot]), mix(tone, stage.palette.night, 0.42), 0.8)
