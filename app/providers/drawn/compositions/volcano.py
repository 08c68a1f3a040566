"""A volcano at night: a dark cone, a lit crater, lava down its side and a column of ash."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions.ridges import peaks, under
from app.providers.drawn.noise import clouds, profile
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Mood, Stage


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit, height = stage.rng, canvas.unit, canvas.height
    canvas.backdrop(np.concatenate([stage.sky, np.repeat(stage.sky[-1:], len(stage.sky) * 6 // 10, axis=0)]))
    x, crater_y = canvas.aside(rng), height * rng.uniform(0.545, 0.57)
    plume(canvas, stage, x, crater_y)
    warmth = 0.4 if stage.mood is Mood.PALE else 0.8
    canvas.glow(x, crater_y, unit * 0.5, stage.accent, warmth)

    far = height * 0.64 - unit * 0.07 * peaks(rng, 300, 4)
    canvas.polygon(under(far, canvas), mix(stage.land[120], stage.sky[-1], 0.35))

    across = np.linspace(-0.1, 1.1, 500)
    offset = np.abs(across * canvas.width - x) / unit
    # A stratovolcano's flank is close to logarithmic: steep at the crater, almost flat at its foot.
    flank = 0.34 * np.log1p(np.maximum(offset - 0.055, 0) * 7)
    crags = profile(rng, 500, 18, octaves=4, roughness=0.6) * np.clip(offset, 0, 0.3) * 0.02
    dip = 0.012 * np.clip(1 - offset / 0.055, 0, 1)
    crest = crater_y + unit * (flank + crags + dip)
    cone = np.linspace(mix(stage.palette.shade, stage.palette.night, 0.4), stage.palette.night, 64).astype(np.float32)
    canvas.polygon(under(crest.astype(np.float32), canvas), cone)

    lava = ramp([stage.glow, stage.accent, mix(stage.accent, stage.palette.night, 0.8)])
    for lean in rng.permutation([-0.62, -0.22, 0.16, 0.58])[:3]:
        # The spine keeps to a share of the flank's width at each depth, so that no stream leaves the cone.
        run = np.linspace(0, 1, 60)
        depth = run * rng.uniform(0.24, 0.42)
        width = 0.05 + np.expm1(depth / 0.34) / 7
        spine = x + unit * (lean * width + 0.010 * run * profile(rng, 60, 5))
        down = crater_y + unit * (0.012 * (1 - abs(lean)) + depth)
        half = unit * 0.0085 * (1 - run) ** 0.7 * np.sqrt(np.minimum(1, run * 14))
        stream = np.concatenate([np.column_stack([spine - half, down]), np.column_stack([spine + half, down])[::-1]])
        canvas.polygon(stream, lava)
    canvas.glow(x, crater_y + unit * 0.01, unit * 0.16, stage.glow, 0.8)
    sparks(canvas, stage, x, crater_y)


def plume(canvas: Canvas, stage: Stage, x: float, crater_y: float) -> None:
    """Ash that rises, widens and drifts, lit from below."""
    small_w, small_h = max(8, canvas.width // 4), max(8, canvas.height // 4)
    billow = clouds(stage.rng, small_w, small_h, 7, 4)
    across = np.linspace(0, canvas.width, small_w, dtype=np.float32)[None]
    up = np.clip((crater_y - np.linspace(0, canvas.height, small_h, dtype=np.float32)) / canvas.unit, 0, None)[:, None]
    drift = x - np.float32(canvas.unit * 0.20) * up**1.5
    spread = canvas.unit * (0.05 + 0.22 * up)
    density = 1.15 - np.abs(across - drift) / spread - (billow - 0.5) * 1.9
    strength = 0.4 if stage.mood is Mood.PALE else 0.7
    mask = np.clip(density * 1.6, 0, 1) * (up > 0) * np.clip(1.25 - up * 0.9, 0, 1) * strength
    ash = mix(stage.palette.shade, stage.palette.night, 0.35)
    full = cv2.resize(mask.astype(np.float32), (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    canvas.blend(np.asarray(full, np.float32), 0, 0, ash)


def sparks(canvas: Canvas, stage: Stage, x: float, crater_y: float) -> None:
    for _ in range(46):
        angle, reach = stage.rng.normal(0, 0.5), canvas.unit * stage.rng.gamma(2.0, 0.045)
        size = canvas.unit * stage.rng.uniform(0.0012, 0.0032)
        canvas.disc(x + reach * np.sin(angle), crater_y - reach * np.cos(angle), size, stage.glow, 0.9)
