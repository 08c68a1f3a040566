"""Frames as RGB and back, for code that is not ours; rounded and sited so that there and back changes little.

H.264's default puts a chroma sample on the left pixel's middle of its pair, and between its two rows.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from app.media.colour import rgb_to_ycbcr_matrix
from app.media.warp import FramePlanes

Rgb = npt.NDArray[np.uint8]  # (rows, columns, 3)

_TO_YCBCR = rgb_to_ycbcr_matrix()
_FROM_YCBCR = np.linalg.inv(_TO_YCBCR[:, :3])
_TO_RGB = np.column_stack([_FROM_YCBCR, -_FROM_YCBCR @ _TO_YCBCR[:, 3]])
# Where a pixel lies among the chroma samples.
_CHROMA_AT = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25]])
_ROW_FILTER = np.array([[0.25, 0.5, 0.25]])


def rgb_of(frame: FramePlanes) -> Rgb:
    """The frame in memory of its own."""
    luma, *chroma = frame.visible
    size, how = (frame.width_px, frame.height_px), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = [cv2.warpAffine(plane, _CHROMA_AT, size, flags=how, borderMode=cv2.BORDER_REPLICATE) for plane in chroma]
    return np.asarray(cv2.transform(cv2.merge([luma, *whole]), _TO_RGB), np.uint8)


def draw_rgb(rgb: Rgb, frame: FramePlanes) -> None:
    """Fill `frame` with a picture of its size."""
    luma, *chroma = cv2.split(cv2.transform(rgb, _TO_YCBCR))
    np.copyto(frame.visible[0], luma)
    for plane, out in zip(chroma, frame.visible[1:], strict=True):
        across = cv2.filter2D(plane, cv2.CV_32F, _ROW_FILTER, borderType=cv2.BORDER_REPLICATE)[:, ::2]
        np.copyto(out, np.rint((across[::2] + across[1::2]) / 2), casting="unsafe")
