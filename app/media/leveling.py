"""Bring sound to a loudness under a ceiling: one constant gain, and a limiter where a peak would pass the ceiling.

The gain is constant on purpose. A dynamic normaliser (ffmpeg's loudnorm when its linear mode does
not fit) rides the level of the speech and lifts the noise of its pauses. The limiter looks both ways:
its gain falls before a peak and rises after it along a smooth curve longer than a period of any
voice, so that it moves the envelope and leaves the waveform alone.

Everything is decided from an `Analysis`, without touching a sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.media.loudness import HOPS_PER_S, PEAKS_PER_S, RATE_HZ, Analysis, Samples, from_db, gated_loudness

# The limiter's gain is held over ±31 ms and smoothed over as much: one more than the smoothing needs,
# because between two milliseconds the gain is interpolated.
_SMOOTHING_MS = 61
_HOLD_MS = _SMOOTHING_MS // 2 + 1
_REACH_MS = _HOLD_MS + _SMOOTHING_MS // 2
_CHUNK_MS = 600_000  # ten minutes at a time keep a three-hour sound within some megabytes

# Past 12 dB the limiter is heard. A single word or a click in silence would ask for more, and stays softer instead;
# longer sound has to meet its target, so that only what is no speech at all reaches the second limit.
SHORT_SOUND_S = 3.0
MAX_REDUCTION_SHORT_DB, MAX_REDUCTION_DB = 12.0, 26.0
_CLOSE_ENOUGH_LU = 0.02
_MAX_ROUNDS = 24


@dataclass(frozen=True)
class Level:
    """The constant `gain` (a factor) and the `ceiling` (full scale = 1) under which the limiter holds the result.

    `is_at_limit`: the sound stays below its target because the limiter can bear no more.
    """

    gain: float
    ceiling: float
    is_at_limit: bool = False


def level_for(analysis: Analysis, *, target_lufs: float, ceiling_dbtp: float) -> Level:
    """The level at which the limited sound has `target_lufs`, or the nearest below that the limiter can bear.

    Silence keeps its level.
    """
    ceiling = from_db(ceiling_dbtp)
    loudness_lufs, sounding_s = gated_loudness(analysis.energies)
    if sounding_s == 0.0:
        return Level(1.0, ceiling)
    highest = float(analysis.peaks.max())
    bearable_db = MAX_REDUCTION_SHORT_DB if sounding_s < SHORT_SOUND_S else MAX_REDUCTION_DB
    most_db = 20.0 * float(np.log10(ceiling / highest)) + bearable_db
    gain_db = min(target_lufs - loudness_lufs, most_db)
    for _ in range(_MAX_ROUNDS):
        level = Level(from_db(gain_db), ceiling)
        missing_db = target_lufs - gated_loudness(_limited_energies(analysis, level))[0]
        if abs(missing_db) < _CLOSE_ENOUGH_LU:
            break
        if gain_db >= most_db and missing_db > 0.0:
            return Level(level.gain, ceiling, is_at_limit=True)
        # The limiter takes back a part of each step, so the steps shrink but never overshoot.
        gain_db = min(gain_db + missing_db, most_db)
    return level


def _limited_energies(analysis: Analysis, level: Level) -> NDArray[np.float64]:
    """The K-weighted energies after gain and limiter; exact but for the gain's changes within 10 ms."""
    per_hop = PEAKS_PER_S // HOPS_PER_S
    factors = np.empty(analysis.energies.size)
    for start in range(0, analysis.peaks.size, _CHUNK_MS):
        end = min(start + _CHUNK_MS, analysis.peaks.size)
        squared = limiter_gain(analysis.peaks, level, start, end).astype(np.float64) ** 2
        padded = np.pad(squared, (0, -squared.size % per_hop), mode="edge")
        hops = padded.reshape(-1, per_hop).mean(axis=1)
        factors[start // per_hop : start // per_hop + hops.size] = hops
    return analysis.energies * factors * level.gain**2


def limiter_gain(peaks: NDArray[np.float32], level: Level, start: int, end: int) -> NDArray[np.float32]:
    """The limiter's factor (≤ 1) in the milliseconds `start` … `end`; the gain itself is not in it."""
    near = peaks[max(0, start - _REACH_MS) : end + _REACH_MS] * np.float32(level.gain)
    if near.max(initial=0.0) <= level.ceiling:
        return np.ones(end - start, np.float32)
    before, after = max(0, _REACH_MS - start), max(0, end + _REACH_MS - peaks.size)
    ceiling = np.float32(level.ceiling)
    wanted = np.pad(ceiling / np.maximum(near, ceiling), (before, after), mode="edge")
    held = _sliding_min(wanted, 2 * _HOLD_MS + 1)
    window = np.hanning(_SMOOTHING_MS + 2)[1:-1]
    return np.convolve(held, (window / window.sum()).astype(np.float32), mode="valid").astype(np.float32)


def _sliding_min(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The minimum of each `width` neighbours (len − width + 1 of them), by doubling the span."""
    span = 1
    while span * 2 <= width:
        values = np.minimum(values[:-span], values[span:])
        span *= 2
    rest = width - span
    return np.minimum(values[:-rest], values[rest:]) if rest else values


def apply_level(blocks: Iterator[Samples], analysis: Analysis, level: Level) -> Iterator[Samples]:
    """`blocks` (whole seconds, the last may be shorter) at the level, every true peak held below the ceiling."""
    per_peak = RATE_HZ // PEAKS_PER_S
    start = 0
    for block in blocks:
        frames = block.shape[1]
        # One millisecond more on each side, to interpolate from the middles of the milliseconds.
        curve = limiter_gain(analysis.peaks, level, start // per_peak - 1, -(-(start + frames) // per_peak) + 1)
        if curve.min() == 1.0:
            yield block * np.float32(level.gain)
        else:
            middles = (np.arange(curve.size) - 1) * per_peak + (per_peak - 1) / 2
            smooth = np.interp(np.arange(frames), middles, curve)
            yield block * (level.gain * smooth).astype(np.float32)
        start += frames
