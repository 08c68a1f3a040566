"""The inner loops that touch every pixel and every sample, compiled by numba to SIMD code.

Sums stay within uint16 and the innermost loop runs over contiguous bytes: that is what lets the
compiler use whole vector registers. Compiled code is cached on disk, so only a machine's first
run pays for it. All release the GIL, so a lease's heartbeat thread runs on.
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
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

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
def sum_rows(source: Bytes2D, firsts: Steps, weights: Floats, out: Bytes2D) -> None:
    """out[i] = the sum of the source rows from firsts[i] on, each times its own of weights[i]."""
    width = source.shape[1]
    total = np.empty(width, np.float32)
    for i in range(firsts.shape[0]):
        total[:] = np.float32(0.5)  # what is cut off afterwards rounds
        for tap in range(weights.shape[1]):
            row = source[firsts[i] + tap]
            weight = weights[i, tap]
            for j in range(width):
                total[j] += weight * np.float32(row[j])
        target = out[i]
        for j in range(width):
            target[j] = np.uint8(min(np.float32(255), max(np.float32(0), total[j])))


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


@compiled
def filtered_energies(samples: Floats, filters: Doubles, state: Doubles, energies: Doubles) -> None:
    """energies[i] = the sum of squares of the i-th equal part of `samples` behind the `filters`, one after the other.

    Each row of `filters` is a biquad's b0, b1, b2, a1, a2 (a0 = 1), each row of `state` its two memories, which are
    carried on from call to call.
    """
    per_part = samples.shape[0] // energies.shape[0]
    for part in range(energies.shape[0]):
        energy = 0.0
        for sample in samples[part * per_part : (part + 1) * per_part]:
            value = np.float64(sample)
            for stage in range(filters.shape[0]):
                b0, b1, b2, a1, a2 = filters[stage]
                out = b0 * value + state[stage, 0]
                state[stage, 0] = b1 * value - a1 * out + state[stage, 1]
                state[stage, 1] = b2 * value - a2 * out
                value = out
            energy += value * value
        energies[part] = energy


@compiled
def highest_between(samples: Floats, margin: int, phases: Floats, peaks: Floats) -> None:
    """peaks[i] = the highest amplitude in the i-th equal part of `samples`, at the samples and between them.

    The parts leave out `margin` samples at either end. Each row of `phases` interpolates at one place between two
    samples from as many around it, half of them before.
    """
    per_part = (samples.shape[0] - 2 * margin) // peaks.shape[0]
    taps = phases.shape[1]
    between = np.empty(per_part, np.float32)
    for part in range(peaks.shape[0]):
        begin = margin + part * per_part
        highest = np.float32(0)
        for sample in samples[begin : begin + per_part]:
            highest = max(highest, abs(sample))
        for phase in range(phases.shape[0]):
            between[:] = 0
            for tap in range(taps):
                weight = phases[phase, tap]
                first = begin + tap + 1 - taps // 2
                around = samples[first : first + per_part]
                for i in range(per_part):
                    between[i] += weight * around[i]
            for i in range(per_part):
                highest = max(highest, abs(between[i]))
        peaks[part] = highest
