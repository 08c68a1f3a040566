"""A sun that fans its rays out behind the horizon, printed in flat tones."""

from __future__ import annotations

import numpy as np

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.palettes import mix, ramp
from app.providers.drawn.stage import Stage

RAYS = 40


def paint(canvas: Canvas, stage: Stage) -> None:
    rng, unit = stage.rng, canvas.unit
    canvas.backdrop(stage.wash)
    x, y = canvas.aside(rng), canvas.height * rng.uniform(0.62, 0.65) + unit * 0.02
    reach = float(np.hypot(canvas.width, canvas.height))
    offset = rng.random()
    fan = []
    for index in range(RAYS // 2):
        first = (index * 2 + offset) / RAYS * 2 * np.pi
        second = first + np.pi / RAYS * 2 * 0.92
        fan.append(np.array([[x, y], polar(x, y, reach, first), polar(x, y, reach, second)]))
    canvas.polygons(fan, stage.line, 0.07)
    canvas.glow(x, y, unit * 0.62, stage.glow, 0.5)
    rim = mix(stage.accent, stage.palette.body, 0.35)
    for index, share in enumerate((0.25, 0.19, 0.13)):
        canvas.disc(x, y, unit * share, mix(rim, stage.glow, index * 0.48), blur=1.5)
    ground = ramp([mix(stage.palette.shade, stage.palette.night, 0.2), stage.palette.night])
    edge = np.linspace(-4, canvas.width + 4, 80)
    swell = y + unit * (0.02 + 0.025 * np.sin(edge / canvas.width * 5 + offset * 6))
    canvas.polygon(np.concatenate([np.column_stack([edge, swell]), [[edge[-1], 9e3], [edge[0], 9e3]]]), ground)


def polar(x: float, y: float, radius: float, angle: float) -> tuple[float, float]:
    return x + radius * float(np.cos(angle)), y + radius * float(np.sin(angle))
