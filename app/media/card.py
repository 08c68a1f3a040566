"""A plain card as a frame: one colour, or two that run into each other from top to bottom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.sources import Background
from app.media.colour import ycbcr_of
from app.media.picture_planes import Plane
from app.media.warp import FramePlanes

# Of Bayer's ordered dither. Eight by eight, so that it hardly costs the encoder anything and is too fine to be seen.
_DITHER_SIDE = 8


def card_planes(background: Background, width_px: int, height_px: int) -> FramePlanes:
    """The card in a frame of this size. A gradient is even in sRGB, as in CSS, and dithered against bands."""
    top = ycbcr_of(_rgb(background.colour))
    bottom = top if background.to is None else ycbcr_of(_rgb(background.to))
    return FramePlanes(
        width_px,
        height_px,
        _plane(top[0], bottom[0], width_px, height_px),
        _plane(top[1], bottom[1], width_px // 2, height_px // 2),
        _plane(top[2], bottom[2], width_px // 2, height_px // 2),
    )


def _rgb(colour: str) -> tuple[int, int, int]:
    """`#112233` to 17, 34, 51."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _plane(top: float, bottom: float, width: int, height: int) -> Plane:
    if top == bottom:
        return np.full((height, width), round(top), np.uint8)
    rows = top + (bottom - top) * (np.arange(height) + 0.5) / height
    threshold = np.tile(_bayer(_DITHER_SIDE), (-(-height // _DITHER_SIDE), -(-width // _DITHER_SIDE)))
    plane: Plane = np.floor(rows[:, np.newaxis] + threshold[:height, :width]).astype(np.uint8)
    return plane


def _bayer(side: int) -> npt.NDArray[Any]:
    """`side` × `side` thresholds in (0, 1), each as far from its like as can be; `side` is a power of two."""
    ranks = np.zeros((1, 1))
    while len(ranks) < side:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return (ranks + 0.5) / ranks.size
