"""The two inner loops that touch every pixel, compiled by numba to SIMD code.

Sums stay within uint16 and the innermost loop runs over contiguous bytes: that is what lets the
compiler use whole vector registers. Compiled code is cached on disk, so only a machine's first
run pays for it. Both release the GIL, so a lease's heartbeat thread runs on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Bytes2D = npt.NDArray[np.uint8]
Words2D = npt.NDArray[np.uint16]
Steps = npt.NDArray[np.int64]
Weights = npt.NDArray[np.uint16]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at the first call; keep the result on disk where a folder can be written to."""
    try:
        fast: Any = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # Numba found no folder that it may write its cache to: compile anew in each process.
        fast = numba.njit(nogil=True)(function)
    return cast(Function, fast)


@compiled
def blend_rows(source: Bytes2D, first: int, count: int, steps: Steps, weights: Weights, out: Bytes2D) -> None:
    """out[i, :count] = a mix of source rows steps[i] and steps[i] + 1, columns first to first + count.

    weights[i], 0 to 128, is the share of the second row in 1/128.
    """
    for i in range(steps.shape[0]):
        above = source[steps[i], first : first + count]
        below = source[steps[i] + 1, first : first + count]
        target = out[i, :count]
        share = weights[i]
        rest = np.uint16(128) - share
        for j in range(count):
            mixed = np.uint16(above[j]) * rest + np.uint16(below[j]) * share + np.uint16(64)
            target[j] = np.uint8(np.uint16(mixed) >> np.uint16(7))


@compiled
def stamp(plane: Bytes2D, left: int, top: int, ink: Words2D, keep: Words2D) -> None:
    """Lay a drawing over `plane` with its upper left corner at (left, top).

    keep, 0 to 256, is the share of the plane that shows through in 1/256; ink is the drawing's
    own colour already multiplied by 256 - keep.
    """
    height, width = ink.shape
    for i in range(height):
        row = plane[top + i, left : left + width]
        row_ink = ink[i]
        row_keep = keep[i]
        for j in range(width):
            mixed = np.uint16(row[j]) * row_keep[j] + row_ink[j] + np.uint16(127)
            row[j] = np.uint8(np.uint16(mixed) >> np.uint16(8))
