"""The music bed: looped or trimmed to the video, set below the voice, ducked under speech, faded out.

The ducking is a side-chain: the narration's level drives the music's gain. As the whole narration
is known, the gain starts to fall before a word and rises slowly after the last of a phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import BadMedia
from app.media.ffmpeg import run_ffmpeg
from app.media.inspect_audio import inspect_audio
from app.media.loudness import BOTH_SIDES_LU, HOPS_PER_S, RATE_HZ, Samples, energies_of, from_db, gated_loudness
from app.media.probe import input_options, local_url

# Below the narration's loudness, in pauses and under words. Speech stays intelligible from −15 LU on.
PAUSE_LU = -10.0
DUCKED_LU = -20.0
FADE_OUT_S = 3.0
# A recording that is cut out of a longer one begins anywhere in a wave, which would be heard as a click.
FADE_IN_S = 0.008
# A mean beyond this share of full scale is no music but direct current of a recorder: it takes room from the loudness,
# and clicks where it begins. Of music itself the mean is a tenth of this at most.
_MOST_DC = 1e-3

# The gain is down this long before a word and stays down this long after it, so that it does not pump
# between the words of a phrase.
_HOLD_S = 0.35
_SMOOTHING_S = 0.5
# A hop within this of the narration's loudness is speech, not the hiss of a recording.
_SPEECH_RANGE_LU = 25.0

_SEAM_FRAMES = RATE_HZ  # A loop begins under the last second of the one before.
_SAMPLE_BYTES = 2


@dataclass(frozen=True)
class Music:
    """Interleaved 16-bit samples at 48 kHz in the raw file at `path`, of one channel if the source has no more, else of
    two; `gain` brings them to the pauses' level. `direct` is what each channel has of direct current, full scale ±1: it
    is taken out.
    """

    path: Path
    frames: int
    gain: float
    channels: int
    direct: tuple[float, ...] = ()

    def blocks(self, frames: int) -> Iterator[Samples]:
        """`frames` samples of music, second by second, looped over a seam where the file is shorter.

        Each block is of shape (channels, samples).
        """
        seam = 0 if self.frames >= frames else min(_SEAM_FRAMES, self.frames // 4)
        period = self.frames - seam
        with self.path.open("rb") as file:
            for start in range(0, frames, RATE_HZ):
                parts, at, end = [], start, min(start + RATE_HZ, frames)
                while at < end:
                    within = at % period
                    count = min(end - at, period - within)
                    part = self._read(file, within, count)
                    if at >= period and within < seam:
                        _blend(part, self._read(file, period + within, min(count, seam - within)), within, seam)
                    parts.append(part)
                    at += count
                yield np.concatenate(parts).T * np.float32(self.gain)

    def _read(self, file: BinaryIO, start: int, count: int) -> NDArray[np.float32]:
        """Samples of shape (count, channels), full scale ±1."""
        file.seek(start * self.channels * _SAMPLE_BYTES)
        samples = np.fromfile(file, np.int16, count * self.channels).reshape(-1, self.channels)
        scaled = samples.astype(np.float32) / np.float32(32768.0)
        return scaled - np.asarray(self.direct, np.float32) if self.direct else scaled


def _blend(beginning: NDArray[np.float32], ending: NDArray[np.float32], within: int, seam: int) -> None:
    """Fade the loop's `ending` out over its `beginning`, in place; both lie `within` frames into the seam."""
    count = len(ending)
    # Two unrelated signals keep their power over a quarter of a circle.
    angle = ((within + np.arange(count)) / seam * (np.pi / 2)).astype(np.float32)[:, np.newaxis]
    beginning[:count] = beginning[:count] * np.sin(angle) + ending * np.cos(angle)


def prepare_music(
    source: Path, *, frames: int, speech_lufs: float | None, path: Path, report: Callable[[float], None]
) -> Music:
    """Decode as much of `source` as `frames` samples need to the raw file `path`, and weigh it against the speech.

    `speech_lufs` is the narration's loudness as it is heard from two sides; None when nobody speaks.
    Raises UnsupportedMedia or BadMedia when it is no music we can read.
    """
    facts = inspect_audio(source)
    # What is the same on both sides is read, weighed, mixed and coded at half the cost if it is known to be.
    channels = min(facts.channels, 2)
    wanted_s = min(facts.duration_s, frames / RATE_HZ)
    # In a process of its own: it is a stranger's file, and a decoder that falls must not take the worker along.
    run_ffmpeg(
        [
            *(word for name, value in input_options(facts.format).items() for word in (f"-{name}", value)),
            *("-f", facts.format, "-threads", "1", "-i", local_url(source), "-map", "0:a:0", "-vn", "-sn", "-dn"),
            *("-t", f"{frames / RATE_HZ:.6f}", "-ac", str(channels), "-ar", str(RATE_HZ)),
            *("-f", "s16le", "-y", local_url(path)),
        ],
        expected_s=wanted_s,
        report=lambda fraction: report(fraction * 0.6),
    )
    decoded = min(path.stat().st_size // (channels * _SAMPLE_BYTES), frames)
    if decoded == 0:
        raise BadMedia("the music holds no sound that can be played")
    unweighted = Music(path, decoded, gain=1.0, channels=channels, direct=_direct_current(path, decoded, channels))
    blocks = reporting(unweighted.blocks(decoded), decoded, lambda fraction: report(0.6 + 0.4 * fraction))
    heard_lufs, sounding_s = gated_loudness(energies_of(blocks))
    if speech_lufs is None or sounding_s == 0.0:
        return unweighted
    if channels == 1:
        heard_lufs += BOTH_SIDES_LU
    return replace(unweighted, gain=from_db(speech_lufs + PAUSE_LU - heard_lufs))


def _direct_current(path: Path, frames: int, channels: int) -> tuple[float, ...]:
    """Of each channel the mean, full scale ±1; nothing where none has one to speak of."""
    samples = np.memmap(path, np.int16, mode="r", shape=(frames, channels))
    means = samples.mean(axis=0, dtype=np.float64) / 32768.0
    return tuple(map(float, means)) if np.abs(means).max() > _MOST_DC else ()


def reporting(blocks: Iterator[Samples], frames: int, report: Callable[[float], None]) -> Iterator[Samples]:
    """Pass the blocks on, and the fraction of `frames` that went by."""
    done = 0
    for block in blocks:
        yield block
        done += block.shape[1]
        report(min(1.0, done / frames))


def ducking(energies: NDArray[np.float64]) -> NDArray[np.float32]:
    """The music's factor in each 10 ms: 1 in pauses, DUCKED_LU − PAUSE_LU down under speech of these energies."""
    loudness_lufs, _ = gated_loudness(energies)
    threshold = 10.0 ** ((loudness_lufs - _SPEECH_RANGE_LU + 0.691) / 10.0) * RATE_HZ / HOPS_PER_S
    speaks = (energies > max(threshold, 1e-9)).astype(np.float64)
    hold, smoothing = round(_HOLD_S * HOPS_PER_S), round(_SMOOTHING_S * HOPS_PER_S)
    reach = hold + smoothing // 2
    counts = np.concatenate(([0.0], np.cumsum(np.pad(speaks, reach))))
    width = 2 * hold + 1
    near_speech = (counts[width:] - counts[:-width] > 0.5).astype(np.float64)
    window = np.hanning(2 * (smoothing // 2) + 3)[1:-1]
    activity = np.convolve(near_speech, window / window.sum(), mode="valid")
    # Interpolated in decibels, as the ear hears it.
    return np.asarray(10.0 ** (activity * (DUCKED_LU - PAUSE_LU) / 20.0), np.float32)


def mix(
    narration: Iterator[Samples], music: Iterator[Samples], duck: NDArray[np.float32], frames: int
) -> Iterator[Samples]:
    """Voice in the middle over ducked music, both at full weight; only the music fades in, in a blink, and out."""
    per_hop = RATE_HZ // HOPS_PER_S
    hop_middles = np.arange(duck.size) * per_hop + (per_hop - 1) / 2
    fade_frames, fade_in_frames = FADE_OUT_S * RATE_HZ, FADE_IN_S * RATE_HZ
    start = 0
    for voice, bed in zip(narration, music, strict=True):
        places = np.arange(start, start + voice.shape[1])
        near = slice(max(0, start // per_hop - 1), (start + voice.shape[1]) // per_hop + 2)
        gain = np.interp(places, hop_middles[near], duck[near])
        if places[0] < fade_in_frames or frames - places[-1] < fade_frames:
            # A raised cosine: it neither starts nor ends with a corner.
            fade = np.clip(np.minimum((frames - places) / fade_frames, places / fade_in_frames), 0.0, 1.0)
            gain *= 0.5 - 0.5 * np.cos(np.pi * fade)
        yield voice + bed * gain.astype(np.float32)
        start += voice.shape[1]
