"""Sub-pixel motion over a picture's planes, straight into a video frame's.

A move without rotation is separable. The horizontal pass mixes pairs of whole rows of the
TRANSPOSED source (a gather along a row is what makes a general warp slow), one transpose turns the
result upright, and the vertical pass mixes pairs of its rows into the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.media.kernels import Steps, Weights, blend_rows
from app.media.motion import Window
from app.media.picture_planes import PicturePlanes, Plane

WEIGHT_STEPS = 128
# The passes follow each other in bands of the frame's rows: what lies between them stays in the processor's cache.
BAND_ROWS = 480


@dataclass(frozen=True)
class FramePlanes:
    """A frame's Y, Cb and Cr: uint8, rows × stride, C-contiguous; columns past the picture's width are padding."""

    width_px: int
    height_px: int
    luma: Plane
    cb: Plane
    cr: Plane

    @staticmethod
    def blank(width_px: int, height_px: int) -> FramePlanes:
        """Planes in memory of their own."""
        half = (height_px // 2, width_px // 2)
        return FramePlanes(
            width_px,
            height_px,
            np.zeros((height_px, width_px), np.uint8),
            np.zeros(half, np.uint8),
            np.zeros(half, np.uint8),
        )

    @property
    def visible_luma(self) -> Plane:
        return self.luma[:, : self.width_px]

    @property
    def visible(self) -> tuple[Plane, Plane, Plane]:
        half = self.width_px // 2
        return self.visible_luma, self.cb[:, :half], self.cr[:, :half]

    def copy_from(self, other: FramePlanes) -> None:
        """Show what `other` shows, a frame of the same size."""
        for mine, theirs in zip(self.visible, other.visible, strict=True):
            np.copyto(mine, theirs)

    def fade_to(self, other: FramePlanes, share: float) -> None:
        """Mix `share` (0 to 1) of `other` in."""
        for mine, theirs in zip(self.visible, other.visible, strict=True):
            cv2.addWeighted(mine, 1 - share, theirs, share, 0, dst=mine)


class Warp:
    """Draws windows of one picture. Holds its scratch memory, so that a frame allocates next to nothing."""

    def __init__(self, picture: PicturePlanes, width_px: int, height_px: int) -> None:
        self._picture = picture
        # Of the picture's rows, as many as a band of the frame can need: a row more at either end, and their rounding.
        rows = math.ceil(BAND_ROWS * picture.luma_t.shape[1] / height_px) + 4
        self._widened = np.empty((width_px, rows), np.uint8)
        self._upright = np.empty((rows, width_px), np.uint8)

    def draw(self, window: Window, frame: FramePlanes) -> None:
        """Fill `frame` with what `window` shows of the picture."""
        if self._picture.is_inset:
            window = window.centred
        picture_width, picture_height = self._picture.luma_t.shape
        x = _Axis(window.left * picture_width, window.size * picture_width / frame.width_px)
        y = _Axis(window.top * picture_height, window.size * picture_height / frame.height_px)
        self._plane(
            self._picture.luma_t,
            frame.luma,
            x.luma(picture_width, frame.width_px),
            y.luma(picture_height, frame.height_px),
        )
        chroma_x = x.chroma(picture_width // 2, frame.width_px // 2, siting=0.5)
        chroma_y = y.chroma(picture_height // 2, frame.height_px // 2, siting=1.0)
        self._plane(self._picture.cb_t, frame.cb, chroma_x, chroma_y)
        self._plane(self._picture.cr_t, frame.cr, chroma_x, chroma_y)

    def _plane(self, source_t: Plane, out: Plane, columns: tuple[Steps, Weights], rows: tuple[Steps, Weights]) -> None:
        column_steps, column_weights = columns
        row_steps, row_weights = rows
        width = len(column_steps)
        for top in range(0, len(row_steps), BAND_ROWS):
            band = slice(top, top + BAND_ROWS)
            first_row, last_row = int(row_steps[band][0]), int(row_steps[band][-1]) + 1
            count = last_row + 1 - first_row
            blend_rows(source_t, first_row, count, column_steps, column_weights, self._widened)
            upright = self._upright[:count, :width]
            cv2.transpose(self._widened[:width, :count], dst=upright)
            blend_rows(upright, 0, width, row_steps[band] - first_row, row_weights[band], out[band])


@dataclass(frozen=True)
class _Axis:
    """One axis of a window: the frame begins at `origin` in the source; each of its pixels spans `scale` there."""

    origin: float
    scale: float

    def luma(self, source_count: int, count: int) -> tuple[Steps, Weights]:
        # Pixel i has its middle at i + ½.
        return _steps(self.origin - 0.5 + (np.arange(count) + 0.5) * self.scale, source_count)

    def chroma(self, source_count: int, count: int, *, siting: float) -> tuple[Steps, Weights]:
        """`siting` is where a frame's chroma sample lies from the edge of its pair of luma pixels.

        H.264's default puts it on the left pixel's middle (½) and between the two rows (1).
        """
        at = self.origin + (2 * np.arange(count) + siting) * self.scale
        return _steps((at - 1) / 2, source_count)


def _steps(positions: npt.NDArray[np.floating[Any]], source_count: int) -> tuple[Steps, Weights]:
    """Each position as a source row and the share of the row after it, in 1/WEIGHT_STEPS."""
    inside = np.clip(positions, 0, source_count - 1)
    steps = np.minimum(inside.astype(np.int64), source_count - 2)
    weights = np.rint((inside - steps) * WEIGHT_STEPS).astype(np.uint16)
    return steps, weights
