"""What the key frames of a video show: black or frozen stretches, found without decoding the frames between."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]  # (rows, columns): mean luma of each cell

# Cells across the shorter side: few enough to average noise out, enough to see a move of a hundredth of it.
_CELLS_ACROSS = 128

# Limited-range luma: 16 is black. A caption covers less than a tenth of a picture, so that it cannot hide
# a black one; a dark picture with anything in it has brighter places than this.
_BLACK_LUMA = 20.0
_BLACK_SHARE = 0.9

# A frozen picture may still carry captions that change. So the frame is judged in bands: captions live
# in some of them, the motion of the camera in all that have something to move.
_BANDS = 6
_CAPTION_BANDS = 2
_EDGE_LEVELS = 16.0
_EDGE_SHARE = 0.01
_CHANGE_LEVELS = 4.0
_CHANGE_SHARE = 0.005


@dataclass(frozen=True)
class Stretch:
    """From `start_s`, for `duration_s` seconds; both 0 when there is none."""

    start_s: float = 0.0
    duration_s: float = 0.0


class PictureWatch:
    """Shown the key frames in order, it knows the longest black and the longest frozen stretch. Holds one frame.

    It looks at the frames in `watched` alone, which follow each other; what is black or frozen ends with each of them.
    """

    def __init__(self, watched: Sequence[range], fps: int) -> None:
        self.black = Stretch()
        self.frozen = Stretch()
        self._ahead, self._fps = deque(watched), fps
        self._black_since_s: float | None = None
        self._reference: tuple[Cells, float] | None = None

    def see(self, frame: av.VideoFrame, at_s: float) -> None:
        number = round(at_s * self._fps)
        while self._ahead and number >= self._ahead[0].stop:
            self._leave(self._ahead.popleft().stop)
        if not self._ahead or number < self._ahead[0].start:
            return
        cells = cells_of(frame)
        self._see_black(at_s)
        if not is_black(cells):
            self._black_since_s = None
        elif self._black_since_s is None:
            self._black_since_s = at_s
        # Against the first frame of a run, not the one before: a very slow move adds up to one.
        if self._reference is None or not is_still(self._reference[0], cells):
            self._reference = cells, at_s
        self._see_frozen(at_s)

    def end(self, frames: int) -> None:
        """The video has so many frames."""
        if self._ahead:
            self._leave(min(frames, self._ahead.popleft().stop))

    def _leave(self, end_frame: int) -> None:
        """What is black stays so to the end of the stretch."""
        self._see_black(end_frame / self._fps)
        self._black_since_s = self._reference = None

    def _see_black(self, at_s: float) -> None:
        if self._black_since_s is not None and at_s - self._black_since_s > self.black.duration_s:
            self.black = Stretch(self._black_since_s, at_s - self._black_since_s)

    def _see_frozen(self, at_s: float) -> None:
        if self._reference is not None and at_s - self._reference[1] > self.frozen.duration_s:
            self.frozen = Stretch(self._reference[1], at_s - self._reference[1])


def cells_of(frame: av.VideoFrame) -> Cells:
    """Shrink a yuv420p frame's luma to cells, in which the encoder's noise averages out."""
    plane = frame.planes[0]
    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    cell_px = max(1, min(plane.height, plane.width) // _CELLS_ACROSS)
    rows, columns = plane.height // cell_px, plane.width // cell_px
    # Summed row by row first: whole rows add up in the processor's wide registers.
    sums = luma[: rows * cell_px, : columns * cell_px].reshape(rows, cell_px, -1).sum(axis=1, dtype=np.uint16)
    cells = sums.reshape(rows, columns, cell_px).sum(axis=2, dtype=np.uint32) / np.float32(cell_px * cell_px)
    return np.asarray(cells, np.float32)


def is_black(cells: Cells) -> bool:
    return float((cells < _BLACK_LUMA).mean()) > _BLACK_SHARE


def is_still(before: Cells, after: Cells) -> bool:
    """Whether bands with something to move did not move, but for as many as captions may change."""
    moved = sum(
        bool((np.abs(one - other) > _CHANGE_LEVELS).mean() > _CHANGE_SHARE)
        for one, other in zip(_bands(before), _bands(after), strict=True)
    )
    movable = sum(_has_edges(band) for band in _bands(before))
    return moved <= _CAPTION_BANDS and movable >= moved + _CAPTION_BANDS


def _bands(cells: Cells) -> list[Cells]:
    return np.array_split(cells, _BANDS, axis=0)


def _has_edges(cells: Cells) -> bool:
    if cells.shape[0] < 1 or cells.shape[1] < 2:
        return False
    return float((np.abs(np.diff(cells, axis=1)) > _EDGE_LEVELS).mean()) > _EDGE_SHARE
