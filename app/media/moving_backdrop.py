"""A video in the middle of its own blur, which is made anew for each frame, cheaply."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from app.media.backdrop import blurred, light_kept
from app.media.fitting import Size, cover_box
from app.media.picture_planes import Plane
from app.media.warp import FramePlanes

# Enlarged it looks as if it were blurred at its full size.
SHRUNK = 16
BLACK, GREY = 16.0, 128.0  # of limited range: luma without light, chroma without colour


class MovingBackdrop:
    """Lays each frame of a video in the middle of its own blur. Sizes in pixels, all even; planes of limited range.

    The blur is made of what is shown, whose middle has the frame's shape, and every cell of it is the mean of the same
    pixels in each frame: it moves as the video does, and not by itself.
    """

    def __init__(self, frame: Size, inset: Size) -> None:
        self._left, self._top = ((whole - part) // 4 * 2 for whole, part in zip(frame, inset, strict=True))
        halves = [(width // 2, height // 2) for width, height in (frame, inset)]
        luma = _PlaneBackdrop(frame, inset, BLACK)
        chroma = _PlaneBackdrop(halves[0], halves[1], GREY)
        self._planes = (luma, chroma, chroma)

    def draw(self, parts: Sequence[Plane], frame: FramePlanes) -> None:
        """Fill `frame` with the video's Y, Cb and Cr, each in the middle of its blur."""
        for backdrop, part, plane, scale in zip(self._planes, parts, frame.visible, (1, 2, 2), strict=True):
            backdrop.draw(part, plane)
            left, top = self._left // scale, self._top // scale
            plane[top : top + part.shape[0], left : left + part.shape[1]] = part


class _PlaneBackdrop:
    """The backdrop of one plane; `unlit` is its value without light."""

    def __init__(self, frame: Size, inset: Size, unlit: float) -> None:
        self._small = (max(2, frame[0] // SHRUNK), max(2, frame[1] // SHRUNK))
        left, top, right, bottom = (round(edge) for edge in cover_box(inset, frame[0] / frame[1]))
        self._middle = slice(top, max(top + 1, bottom)), slice(left, max(left + 1, right))
        self._light, self._unlit = light_kept(frame, inset, self._small), np.float32(unlit)

    def draw(self, part: Plane, plane: Plane) -> None:
        # Of bytes, as the mean is quicker than that of floats; the blur wants more steps than they have.
        small = cv2.resize(part[self._middle], self._small, interpolation=cv2.INTER_AREA).astype(np.float32)
        lit = (blurred(small - self._unlit) * self._light + self._unlit).round().astype(np.uint8)
        cv2.resize(lit, plane.shape[::-1], dst=plane, interpolation=cv2.INTER_LINEAR)
