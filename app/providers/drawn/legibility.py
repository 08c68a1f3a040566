"""Legibility, judged on the painted pixels: ink for the words, shade where they need it, calm where captions lie."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.providers.drawn.canvas import Canvas, Floats
from app.providers.drawn.palettes import Colour, contrast, luminance
from app.providers.drawn.stage import Stage
from app.providers.drawn.typography import Layout

# WCAG 2.2, 1.4.3: 4.5 to 1. A margin is kept for grain and for the JPEG.
WANTED_CONTRAST = 5.0
STRETCH = 0.06  # of the unit: about a letter
SHADE_SHRINK = 8
MAX_SHADES = 10
LIGHT_GROUND = 0.42
CAPTION_BAND = (0.60, 0.82)  # of the height
CAPTION_LUMINANCE = 0.30  # what the brighter tenth of the caption band may have
CAPTION_UNREST = 0.085  # what the luminance may vary by (standard deviation) within the band


def set_type(canvas: Canvas, stage: Stage, layout: Layout) -> None:
    """Lay the words on the canvas in the palette's lightest or darkest tone, over a soft shade if they need one."""
    words = np.maximum(layout.main, layout.sub)
    ground = ground_luminance(canvas, layout, words)
    # Light type on anything up to a middle tone: there the shade it may need looks like dusk, not like fog.
    is_light_ground = ground[0] * 0.35 + ground[1] * 0.65 > LIGHT_GROUND
    paper, night = stage.palette.paper, stage.palette.night
    ink, opposite = (night, paper) if is_light_ground else (paper, night)
    for _ in range(MAX_SHADES):
        if worst_contrast(ink, ground) >= WANTED_CONTRAST:
            break
        shade(canvas, layout, opposite)
        ground = ground_luminance(canvas, layout, words)
    canvas.blend(layout.main, layout.left, layout.top, ink)
    canvas.blend(layout.sub, layout.left, layout.top, ink)
    marks = (stage.accent, stage.glow, stage.palette.body)
    reading = [tint for tint in marks if worst_contrast(tint, ground) >= 2.5]
    canvas.blend(layout.mark, layout.left, layout.top, reading[0] if reading else ink)


def ground_luminance(canvas: Canvas, layout: Layout, words: Floats) -> tuple[float, float]:
    """The darkest and the lightest of the ground right around the words, wherever a letter's worth of them stands.

    Of the whole it is the 2nd and 98th percentile: a few stars do no harm. But a long heading that runs into a sun with
    its last word has lost that word, however little of the whole it is; so each stretch is looked at on its own, too.
    """
    rows, columns = words.shape
    region = canvas.pixels[layout.top : layout.top + rows, layout.left : layout.left + columns]
    reach = max(3, canvas.unit // 120) | 1
    stride = max(1, canvas.unit // 300)
    near = cv2.dilate(words, np.ones((reach, reach), np.uint8))[::stride, ::stride] > 0.3
    light = luminance(region[::stride, ::stride])
    low, high = np.percentile(light[near], [2, 98])
    side = max(4, int(STRETCH * canvas.unit / stride))
    for top in range(0, near.shape[0], side // 2):
        for left in range(0, near.shape[1], side // 2):
            here = near[top : top + side, left : left + side]
            if here.mean() > 0.1:
                darkest, lightest = np.percentile(light[top : top + side, left : left + side][here], [20, 80])
                low, high = min(low, darkest), max(high, lightest)
    return float(low), float(high)


def worst_contrast(ink: Colour, ground: tuple[float, float]) -> float:
    own = float(luminance(ink))
    if ground[0] <= own <= ground[1]:
        return 1.0
    return min(contrast(own, ground[0]), contrast(own, ground[1]))


def shade(canvas: Canvas, layout: Layout, tone: Colour) -> None:
    """Quieten the ground from the top down past the words, and tint it a little towards `tone`.

    Up to the edges, so that it reads as the sky's own gradient and never as a box; only in a wide frame the far side
    keeps its light. Quieten as well as tint: fine marks fade into their own average and need less of the tint.
    """
    words_end = layout.top + layout.main.shape[0]
    bottom = min(canvas.height, words_end + int(canvas.height * 0.13))
    region = canvas.pixels[:bottom]
    small_size = (canvas.width // SHADE_SHRINK, bottom // SHADE_SHRINK)
    small = cv2.resize(region, small_size, interpolation=cv2.INTER_AREA)
    average = cv2.GaussianBlur(small, (0, 0), canvas.unit * 0.05 / SHADE_SHRINK)
    goal = np.asarray(cv2.resize(average + (tone - average) * 0.4, (canvas.width, bottom)), np.float32)

    beyond = np.clip((np.arange(bottom) - words_end) / max(1, bottom - words_end), 0, 1)
    from_words = np.arange(canvas.width) - (layout.left + layout.main.shape[1])
    if layout.left + layout.main.shape[1] / 2 > canvas.width / 2:
        from_words = layout.left - np.arange(canvas.width)
    beside = np.clip(from_words / (canvas.width * 0.22), 0, 1)
    if canvas.width <= canvas.height:
        beside[:] = 0
    canvas.blend(0.5 * eased(beyond)[:, None] * eased(beside)[None], 0, 0, goal)


def eased(distance: NDArray[np.floating]) -> Floats:
    """From 1 at distance 0 to 0 at distance 1, along half a cosine."""
    fall: Floats = (0.5 + 0.5 * np.cos(np.pi * distance)).astype(np.float32)
    return fall


def calm_caption_band(canvas: Canvas, stage: Stage) -> None:
    """Darken and quieten the band that captions lie in, only as far as it needs it."""
    start, stop = (int(share * canvas.height) for share in CAPTION_BAND)
    band = luminance(canvas.pixels[start:stop:6, ::6])
    bright, unrest = float(np.percentile(band, 90)), float(band.std())
    strength = max(0.0, 1 - CAPTION_LUMINANCE / max(bright, 1e-6), 1 - CAPTION_UNREST / max(unrest, 1e-6))
    if strength <= 0.02:
        return
    # Luminance falls faster than the blend share, because sRGB values are closer to its root.
    share = min(0.7, strength * 0.62)
    down = np.linspace(0, 1, canvas.height, dtype=np.float32)
    ramp = np.clip((down - 0.54) / 0.10, 0, 1)
    mask = (ramp * ramp * (3 - 2 * ramp) * share)[start - int(0.06 * canvas.height) :]
    top = canvas.height - len(mask)
    canvas.blend(np.broadcast_to(mask[:, None], (len(mask), canvas.width)), 0, top, stage.palette.night)
