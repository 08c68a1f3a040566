"""RGB to BT.709 limited-range YCbCr, the one colour space of every video we make (ITU-R BT.709-6, §3 and §4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RED_SHARE, BLUE_SHARE = 0.2126, 0.0722
GREEN_SHARE = 1 - RED_SHARE - BLUE_SHARE
LUMA_SPAN, CHROMA_SPAN = 219 / 255, 224 / 255
BLACK_LUMA, NEUTRAL_CHROMA = 16, 128


def rgb_to_ycbcr_matrix() -> npt.NDArray[np.float64]:
    """3 × 4: rows Y, Cb, Cr; columns R, G, B (0 to 255) and an offset."""
    luma = np.array([RED_SHARE, GREEN_SHARE, BLUE_SHARE])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - BLUE_SHARE))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - RED_SHARE))
    scaled = np.stack([luma * LUMA_SPAN, cb * CHROMA_SPAN, cr * CHROMA_SPAN])
    return np.column_stack([scaled, [BLACK_LUMA, NEUTRAL_CHROMA, NEUTRAL_CHROMA]])


def ycbcr_of(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    y, cb, cr = rgb_to_ycbcr_matrix() @ np.array([*rgb, 1.0])
    return float(y), float(cb), float(cr)
