"""A drawing ready to lay over a frame's YCbCr planes, and the sheet on which one is composed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.domain.caption_style import rgb_of
from app.media.colour import rgb_to_ycbcr_matrix, ycbcr_of
from app.media.kernels import Words2D, stamp
from app.media.warp import FramePlanes

Mask = npt.NDArray[Any]  # float32; OpenCV's own types know no more


@dataclass(frozen=True)
class Stamp:
    """For each plane what to add, and how much to keep (see `stamp`), from an even corner of the frame."""

    left: int
    top: int
    luma_ink: Words2D
    luma_keep: Words2D
    cb_ink: Words2D
    cr_ink: Words2D
    chroma_keep: Words2D

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the frame, in pixels."""
        height_px, width_px = self.luma_keep.shape
        return self.left, self.top, self.left + width_px, self.top + height_px

    def lay_over(self, frame: FramePlanes) -> None:
        stamp(frame.luma, self.left, self.top, self.luma_ink, self.luma_keep)
        stamp(frame.cb, self.left // 2, self.top // 2, self.cb_ink, self.chroma_keep)
        stamp(frame.cr, self.left // 2, self.top // 2, self.cr_ink, self.chroma_keep)

    def faded(self, share: float) -> Stamp:
        """The drawing at `share` (0 to 1) of its strength."""

        def ink(words: Words2D) -> Words2D:
            faded: Words2D = np.rint(words * share).astype(np.uint16)
            return faded

        def keep(words: Words2D) -> Words2D:
            kept: Words2D = 256 - np.rint((256 - words.astype(np.int32)) * share).astype(np.uint16)
            return kept

        return Stamp(
            self.left,
            self.top,
            ink(self.luma_ink),
            keep(self.luma_keep),
            ink(self.cb_ink),
            ink(self.cr_ink),
            keep(self.chroma_keep),
        )

    def uncovered(self, share: float, *, from_right: bool) -> Stamp | None:
        """The part of it, `share` of its width, that lies at its left or right edge; None when that is nothing."""
        half = round(self.chroma_keep.shape[1] * share)
        if not half:
            return None
        near = slice(-half, None) if from_right else slice(0, half)
        luma = slice(-2 * half, None) if from_right else slice(0, 2 * half)
        return Stamp(
            self.left + (self.luma_keep.shape[1] - 2 * half if from_right else 0),
            self.top,
            self.luma_ink[:, luma],
            self.luma_keep[:, luma],
            self.cb_ink[:, near],
            self.cr_ink[:, near],
            self.chroma_keep[:, near],
        )


class Sheet:
    """A transparent sheet of even size at an even corner of the frame, on which colours are laid one over another."""

    def __init__(self, left: int, top: int, width_px: int, height_px: int) -> None:
        self._left, self._top = left, top
        self.width_px, self.height_px = width_px, height_px
        # Y, Cb and Cr, each times what it covers.
        self._ink: Mask = np.zeros((3, height_px, width_px), np.float32)
        self._cover: Mask = np.zeros((height_px, width_px), np.float32)

    def lay(self, mask: Mask, colour: str) -> None:
        """Cover the share `mask` (0 to 1) of each pixel with a colour, `#RRGGBB`."""
        levels = np.array(ycbcr_of(rgb_of(colour)), np.float32)[:, np.newaxis, np.newaxis]
        self._cover_with(mask, levels)

    def lay_picture(self, rgb: npt.NDArray[np.uint8], mask: Mask) -> None:
        """Cover the share `mask` of each pixel with a picture of the sheet's size."""
        levels = cv2.transform(rgb.astype(np.float32), rgb_to_ycbcr_matrix()).transpose(2, 0, 1)
        self._cover_with(mask, levels)

    def _cover_with(self, mask: Mask, levels: Mask) -> None:
        self._ink = self._ink * (1 - mask) + levels * mask
        self._cover = self._cover * (1 - mask) + mask

    def stamp(self) -> Stamp:
        half = (self.width_px // 2, self.height_px // 2)
        cb, cr, cover = (
            cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (self._ink[1], self._ink[2], self._cover)
        )
        return Stamp(
            self._left,
            self._top,
            luma_ink=fixed(self._ink[0]),
            luma_keep=fixed(1 - self._cover),
            cb_ink=fixed(cb),
            cr_ink=fixed(cr),
            chroma_keep=fixed(1 - cover),
        )


def fixed(values: Mask) -> Words2D:
    """In 1/256, the fixed point of `stamp`."""
    words: Words2D = np.rint(values * 256).astype(np.uint16)
    return words


def even(value: float) -> int:
    """The even number next to `value`: where chroma has a pixel."""
    return round(value / 2) * 2
