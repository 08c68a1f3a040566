"""The ground cut open: layers of earth, folded and faulted, with stones in them."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.ridges import under
from app.providers.drawn.noise import profile
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

LAYERS = 9


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky), axis=0)]))
    fold = profile(rng, 300, 1.6, octaves=2, roughness=0.3) * unit * 0.06
    slope = np.linspace(-1, 1, 300) * unit * rng.uniform(-0.05, 0.05)
    bottom = np.full(300, height * rng.uniform(0.55, 0.58), np.float32) + fold + slope
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        tone = stage.land[int(depth * (len(stage.land) - 1))]
        # Every third bed is a seam of the loud colour, dimmed as the light is with depth.
        if layer % 3 == 1:
            tone = mix(stage.accent, stage.palette.night, 0.25 + 0.6 * depth)
        canvas.polygon(under(bottom, canvas), ramp([mix(tone, stage.glow, 0.12 * (1 - depth)), tone], [0, 0.2]))
        if layer % 3 == 2:
            pebbles(canvas, stage, bottom, mix(tone, stage.palette.light, 0.16))
        bottom = bottom + unit * rng.uniform(0.035, 0.1) * (1 + 0.35 * profile(rng, 300, 2, octaves=2)).clip(0.3)


def pebbles(canvas: Canvas, stage: Stage, top: np.ndarray, colour: np.ndarray) -> None:
    along = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    stones = []
    for _ in range(26):
        at = stage.rng.integers(0, len(top))
        x, y = at / len(top) * canvas.width, top[at] + canvas.unit * stage.rng.uniform(0.02, 0.05)
        radius = canvas.unit * stage.rng.uniform(0.003, 0.009) * stage.rng.uniform(0.8, 1.2, 14)
        stones.append(np.column_stack([x + 1.5 * radius * np.cos(along), y + radius * np.sin(along)]))
    canvas.polygons(stones, colour, 0.7)
