"""Loudness and true peak of sound, after ITU-R BS.1770-4, in one pass over blocks of samples.

The K-weighting is the standard's two filters (annex 1, tables 1 and 2, for 48 kHz); peaks are looked for at four times
the rate, through a filter that is flat to 20 kHz, where the standard's own (annex 2) is not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.media.kernels import filtered_energies, highest_between

Samples = NDArray[np.float32]  # (channels, frames), full scale ±1
Second = tuple[NDArray[np.float64], NDArray[np.float32]]  # energies of its hops, peaks of its milliseconds

RATE_HZ = 48_000
# Two sides that say the same are twice the power of one.
BOTH_SIDES_LU = 3.01
HOPS_PER_S = 100  # one energy a hop
PEAKS_PER_S = 1_000
OVERSAMPLING = 4

# b0, b1, b2, a1, a2 of the K-weighting's shelf and high pass.
_K_WEIGHTING = np.array(
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
        (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
    )
)
_TAPS = 32  # of each phase: within 0.01 dB up to 20 kHz
_STOPBAND_DB = 80.0
_MARGIN = _TAPS // 2
_WINDOW = RATE_HZ + 2 * _MARGIN  # each brings one new second

_BLOCK_HOPS = 40  # BS.1770's gating block of 400 ms …
_STEP_HOPS = 10  # … and its overlap of 75 %
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
SILENCE_LUFS = -70.0  # what meters show where the loudness is not defined


@dataclass(frozen=True)
class Loudness:
    """`sounding_s` is the time above both gates: below a few seconds the integrated loudness says little."""

    integrated_lufs: float
    true_peak_dbtp: float
    sounding_s: float


@dataclass(frozen=True, eq=False)
class Analysis:
    """`energies[i]`: K-weighted energy of hop i, channels summed; `peaks[i]`: highest true peak of millisecond i."""

    energies: NDArray[np.float64]
    peaks: NDArray[np.float32]


def to_db(amplitude: float) -> float:
    """Decibels of an amplitude; −120 for silence, so that every report is a finite number."""
    return 20.0 * float(np.log10(max(amplitude, 1e-6)))


def from_db(level_db: float) -> float:
    return float(10.0 ** (level_db / 20.0))


def analyse(blocks: Iterable[Samples]) -> Analysis:
    """Analyse a stream of 48 kHz blocks of any lengths. The result takes 4.8 kB a second of sound."""
    energies: list[NDArray[np.float64]] = []
    peaks: list[NDArray[np.float32]] = []
    for hops, highest in _seconds(blocks):
        energies.append(hops)
        peaks.append(highest)
    if not energies:
        return Analysis(np.zeros(0), np.zeros(0, np.float32))
    return Analysis(np.concatenate(energies), np.concatenate(peaks))


def energies_of(blocks: Iterable[Samples]) -> NDArray[np.float64]:
    """An analysis without its peaks, which are half of the work."""
    energies = [hops for hops, _ in _seconds(blocks, with_peaks=False)]
    return np.concatenate(energies) if energies else np.zeros(0)


def measure(blocks: Iterable[Samples]) -> Loudness:
    """Loudness and true peak of a stream of 48 kHz blocks, in a sixth of an analysis's memory."""
    energies: list[NDArray[np.float64]] = []
    highest = 0.0
    for hops, peaks in _seconds(blocks):
        energies.append(hops)
        highest = max(highest, float(peaks.max(initial=0.0)))
    integrated_lufs, sounding_s = gated_loudness(np.concatenate(energies) if energies else np.zeros(0))
    return Loudness(integrated_lufs, to_db(highest), sounding_s)


def _seconds(blocks: Iterable[Samples], *, with_peaks: bool = True) -> Iterator[Second]:
    """The energies and the peaks (or zeros) of each second of the stream; the last may be shorter."""
    state: NDArray[np.float64] | None = None
    for window, frames in _windows(blocks):
        if state is None:
            state = np.zeros((len(window), *_K_WEIGHTING[:, :2].shape))
        yield _second(np.ascontiguousarray(window), frames, state, with_peaks)


def _second(window: Samples, frames: int, state: NDArray[np.float64], with_peaks: bool) -> Second:
    """Of the middle second of a window, of which `frames` are real. `state` is the filters' of each channel."""
    alike = len(window) == 2 and np.array_equal(window[0], window[1]) and np.array_equal(state[0], state[1])
    hops, peaks = np.zeros(HOPS_PER_S), np.zeros(PEAKS_PER_S, np.float32)
    for channel, memory in zip(window[:1] if alike else window, state, strict=False):
        energies = np.empty(HOPS_PER_S)
        filtered_energies(channel[_MARGIN:-_MARGIN], _K_WEIGHTING, memory, energies)
        hops += energies
        if with_peaks:
            highest = np.empty(PEAKS_PER_S, np.float32)
            highest_between(channel, _MARGIN, _phases(), highest)
            peaks = np.maximum(peaks, highest)
    if alike:
        # A voice in the middle is the same on both sides: half the work, twice the energy.
        hops *= 2.0
        state[1] = state[0]
    return hops[: -(-frames * HOPS_PER_S // RATE_HZ)], peaks[: -(-frames * PEAKS_PER_S // RATE_HZ)]


def gated_loudness(energies: NDArray[np.float64]) -> tuple[float, float]:
    """Integrated loudness in LUFS and the time above the gates in seconds, from energies per hop.

    Sound shorter than one gating block is measured as one block of its own length.
    """
    if energies.size == 0:
        return SILENCE_LUFS, 0.0
    sums = np.concatenate(([0.0], np.cumsum(energies)))
    length = min(_BLOCK_HOPS, energies.size)
    starts = np.arange(0, energies.size - length + 1, _STEP_HOPS)
    powers = np.maximum(sums[starts + length] - sums[starts], 0.0) / (length * RATE_HZ / HOPS_PER_S)
    powers = powers[powers > _power_at(_ABSOLUTE_GATE_LUFS)]
    if powers.size == 0:
        return SILENCE_LUFS, 0.0
    powers = powers[powers > powers.mean() * 10.0 ** (_RELATIVE_GATE_LU / 10.0)]
    return -0.691 + 10.0 * float(np.log10(powers.mean())), powers.size * _STEP_HOPS / HOPS_PER_S


def _power_at(lufs: float) -> float:
    return float(10.0 ** ((lufs + 0.691) / 10.0))


def _windows(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, int]]:
    """Cut the stream into overlapping windows; with each, how many frames of its middle second are real."""
    held: list[Samples] = []
    held_frames = 0
    uncovered = 0  # real frames whose second no window has brought yet
    for block in blocks:
        if not held:
            held, held_frames = [np.zeros((block.shape[0], _MARGIN), np.float32)], _MARGIN
        held.append(block)
        held_frames += block.shape[1]
        uncovered += block.shape[1]
        if held_frames >= _WINDOW:
            joined = np.concatenate(held, axis=1)
            while joined.shape[1] >= _WINDOW:
                yield joined[:, :_WINDOW], RATE_HZ
                joined = joined[:, RATE_HZ:]
                uncovered -= RATE_HZ
            held, held_frames = [joined], joined.shape[1]
    if uncovered > 0:
        joined = np.concatenate(held, axis=1)
        padded = np.pad(joined, ((0, 0), (0, 2 * _WINDOW)))
        for start in range(0, uncovered, RATE_HZ):
            yield padded[:, start : start + _WINDOW], min(uncovered - start, RATE_HZ)


@functools.cache
def _phases() -> NDArray[np.float32]:
    """Interpolation at ¼, ½ and ¾ between two samples: a sinc under a Kaiser window, `_TAPS` long."""
    shares = np.arange(1, OVERSAMPLING)[:, np.newaxis] / OVERSAMPLING
    away = np.arange(_TAPS) + 1 - _TAPS // 2 - shares  # from the place, in samples
    beta = 0.1102 * (_STOPBAND_DB - 8.7)
    window = np.i0(beta * np.sqrt(1 - (away / (_TAPS / 2)) ** 2)) / np.i0(beta)
    taps = np.sinc(away) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)
