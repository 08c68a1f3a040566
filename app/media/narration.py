"""The narration bed: every spoken line at its own sample of one long sound, whatever the number of lines.

The bed is a file of raw samples (mono, float32, 48 kHz), as long as the video from the start. Lines are
resampled in pieces and written at their place; where nobody speaks nothing is written, so the
file is sparse and the memory does not grow with the video.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import BadMedia, PermanentError
from app.media.loudness import RATE_HZ
from app.media.sound_bed import SoundBed

_SAMPLE_BYTES = 4
_PIECE_FRAMES = 65_536
# Resampling may round a line up by some samples; more than this past the end is a wrong plan.
_TOLERATED_OVERRUN_S = 0.02


@dataclass(frozen=True)
class Line:
    """One spoken line: a mono 16-bit WAV of any rate, whose first sample sounds `at_s` seconds into the video."""

    path: Path
    at_s: float


def lay_narration(lines: Sequence[Line], *, frames: int, path: Path, report: Callable[[float], None]) -> SoundBed:
    """Write the bed of exactly `frames` samples to `path`; overlapping lines add up.

    Raises BadMedia for a line that is not a whole mono 16-bit WAV, PermanentError for one that does not fit.
    """
    with path.open("wb+") as bed:
        bed.truncate(frames * _SAMPLE_BYTES)
        for number, line in enumerate(lines):
            at = round(line.at_s * RATE_HZ)
            if not 0 <= at < max(frames, 1):
                raise PermanentError(
                    f"line {number + 1} starts at {line.at_s:.3f} s, outside the sound's {frames / RATE_HZ:.3f} s"
                )
            for piece in _at_48_khz(line.path, f"line {number + 1}"):
                overrun = at + piece.size - frames
                if overrun > _TOLERATED_OVERRUN_S * RATE_HZ:
                    raise PermanentError(f"line {number + 1} ends {overrun / RATE_HZ:.3f} s after the sound's end")
                if overrun > 0:
                    piece = piece[:-overrun]
                _add(bed, at, piece)
                at += piece.size
                report((number + 0.5) / len(lines))
            report((number + 1) / len(lines))
    return SoundBed(path, frames, channels=1)


def _add(bed: BinaryIO, at: int, piece: NDArray[np.float32]) -> None:
    bed.seek(at * _SAMPLE_BYTES)
    there = np.frombuffer(bed.read(piece.size * _SAMPLE_BYTES), np.float32)
    bed.seek(at * _SAMPLE_BYTES)
    bed.write((there + piece).tobytes())


def _at_48_khz(path: Path, name: str) -> Iterator[NDArray[np.float32]]:
    """The line in pieces of up to some seconds, full scale ±1; its first sample stays its first sample.

    A person is told the line by its `name`: the file's own is a hash.
    """
    try:
        with wave.open(str(path), "rb") as line:
            if line.getnchannels() != 1 or line.getsampwidth() != 2:
                raise BadMedia(f"The speech of {name} is not a mono 16-bit WAV.")
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
            missing_frames = line.getnframes()
            while data := line.readframes(_PIECE_FRAMES):
                # A file that was cut short may end within a sample.
                piece = np.frombuffer(data[: len(data) // 2 * 2], np.int16)
                missing_frames -= piece.size
                frame = av.AudioFrame.from_ndarray(piece[np.newaxis, :], format="s16", layout="mono")
                frame.sample_rate = line.getframerate()
                frame.time_base = Fraction(1, line.getframerate())
                yield from _planes(resampler.resample(frame))
            if missing_frames > 0:
                raise EOFError
            yield from _planes(resampler.resample(None))
    except (wave.Error, EOFError) as error:
        # Neither says anything to a person; at an empty file the second says nothing at all.
        raise BadMedia(f"The speech of {name} is damaged or cut short.") from error


def _planes(frames: Sequence[av.AudioFrame]) -> Iterator[NDArray[np.float32]]:
    for frame in frames:
        yield frame.to_ndarray()[0].astype(np.float32, copy=False)
