"""The finish: vignette, and the grain that keeps gradients from banding once they are 8 bits and H.264."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.styles import Style

TILE_PX = 384
STRIP_PX = 128


def finish(canvas: Canvas, rng: np.random.Generator, style: Style) -> NDArray[np.uint8]:
    """The canvas as 8-bit RGB."""
    grain = grain_tile(rng, style.grain_levels)
    wide = np.tile(grain, (1, -(-canvas.width // TILE_PX)))[:, : canvas.width]
    across = np.linspace(-1, 1, canvas.width, dtype=np.float32) ** 2
    down = np.linspace(-1, 1, canvas.height, dtype=np.float32) ** 2
    pixels = np.empty(canvas.pixels.shape, np.uint8)
    # Strip by strip, so that the float copies stay small and warm in the cache.
    for top in range(0, canvas.height, STRIP_PX):
        canvas.still_wanted()
        rows = slice(top, min(top + STRIP_PX, canvas.height))
        strip = canvas.pixels[rows]
        if style.vignette:
            strip *= (1 - np.float32(style.vignette / 2) * (across[None] + down[rows, None]))[..., None]
        strip += wide[top % TILE_PX :][: len(strip), :, None]
        np.copyto(pixels[rows], np.clip(strip + np.float32(0.5), 0, 255, out=strip), casting="unsafe")
    return pixels


def grain_tile(rng: np.random.Generator, levels: float) -> NDArray[np.float32]:
    """Noise with a standard deviation of `levels` (of 255): half of it coarse, to survive coding."""
    fine = rng.standard_normal((TILE_PX, TILE_PX), dtype=np.float32)
    coarse = cv2.resize(rng.standard_normal((TILE_PX // 2, TILE_PX // 2), dtype=np.float32), (TILE_PX, TILE_PX))
    mixed = fine + np.float32(1.4) * coarse
    tile: NDArray[np.float32] = mixed * np.float32(levels / mixed.std())
    return tile
