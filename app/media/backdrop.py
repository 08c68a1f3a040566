"""What lies behind a picture or a video that would lose too much if it filled the frame: its own blur, darkened."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from app.media.fitting import Size

Light = npt.NDArray[np.float32]  # (rows, columns): the share of its light that each cell of a backdrop keeps

# Of the backdrop, and of the shadow that the picture throws on it.
BRIGHTNESS, SHADOW = 0.6, 0.43
# How far the blur and the shadow reach, as shares of the longer side.
BLUR, SHADOW_REACH = 1 / 24, 1 / 80


def blurred(small: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A backdrop from a shrunk picture, one plane or RGB."""
    return cast(npt.NDArray[np.float32], cv2.GaussianBlur(small, (0, 0), max(small.shape[:2]) * BLUR))


def light_kept(canvas: Size, inset: Size, small: Size) -> Light:
    """What of its light each cell of a backdrop of `small` cells keeps, when `inset` sits in the middle of `canvas`."""
    across, down = (_covered(whole, part, cells) for whole, part, cells in zip(canvas, inset, small, strict=True))
    shadow = cv2.GaussianBlur(np.outer(down, across), (0, 0), max(small) * SHADOW_REACH)
    return cast(Light, BRIGHTNESS * (1 - SHADOW * shadow))


def _covered(whole: int, part: int, cells: int) -> npt.NDArray[np.float32]:
    """The share of each of `cells` of a side of `whole` pixels that lies within the `part` in its middle."""
    start = (whole - part) // 2
    edges = np.clip(np.linspace(0, whole, cells + 1, dtype=np.float32), start, start + part)
    return np.diff(edges) * np.float32(cells / whole)
