"""The sound of scenes that show a video, each at its place beneath the narration, on one bed as long as the video.

The bed is a file of raw samples (stereo, float32, 48 kHz); where no scene sounds nothing is written, so it is sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.media.ffmpeg import run_ffmpeg
from app.media.inspect_audio import inspect_audio
from app.media.loudness import RATE_HZ, energies_of, from_db, gated_loudness
from app.media.music import PAUSE_LU
from app.media.probe import input_options, local_url
from app.media.sound_bed import SoundBed
from app.media.sources import FootagePiece

# A quiet recording is brought up no further: what would be heard then is its hiss.
MOST_GAIN_DB = 12.0
# In and out at a scene's ends, as the picture fades; and at the seam where a short piece begins again.
FADE_S, SEAM_S = 0.25, 0.01
_FRAME_BYTES = 8  # two float32


@dataclass(frozen=True)
class SceneSound:
    """The piece is heard from `start_frame` to `end_frame` of the video's sound, in samples at 48 kHz.

    `period` is how many of them pass until the picture, and so the sound, begins again.
    """

    piece: FootagePiece
    start_frame: int
    end_frame: int
    period: int


def lay_scene_sounds(
    sounds: Sequence[SceneSound],
    *,
    frames: int,
    speech_lufs: float | None,
    path: Path,
    report: Callable[[float], None],
) -> SoundBed:
    """Write the bed of `frames` samples to `path`. `speech_lufs` as for `prepare_music`.

    Raises UnsupportedMedia or BadMedia when a video's sound cannot be read.
    """
    scratch = path.with_name(f"{path.name}-piece")
    with path.open("wb") as bed:
        bed.truncate(frames * _FRAME_BYTES)
        for number, sound in enumerate(sounds):
            _decode(sound, scratch, lambda part, number=number: report((number + part) / len(sounds)))  # type: ignore[misc]
            decoded = np.memmap(scratch, np.float32, "r").reshape(-1, 2) if scratch.stat().st_size else None
            if decoded is None:
                continue
            gain = _gain(decoded, speech_lufs)
            for start in range(sound.start_frame, min(sound.end_frame, frames), RATE_HZ):
                places = np.arange(start, min(start + RATE_HZ, sound.end_frame, frames))
                bed.seek(start * _FRAME_BYTES)
                bed.write((_at(sound, decoded, places) * gain).astype(np.float32).tobytes())
            scratch.unlink()
    return SoundBed(path, frames, channels=2)


def _decode(sound: SceneSound, out: Path, report: Callable[[float], None]) -> None:
    """As much of the piece as its scene needs, in a process of its own."""
    piece = sound.piece
    facts = inspect_audio(piece.path)
    wanted_s = min(sound.period, sound.end_frame - sound.start_frame) / RATE_HZ
    run_ffmpeg(
        [
            *(word for name, value in input_options(facts.format).items() for word in (f"-{name}", value)),
            *("-ss", f"{piece.start_s:.6f}", "-f", facts.format, "-threads", "1", "-i", local_url(piece.path)),
            # What begins later than the picture, or has gaps, stays at its time.
            *("-map", "0:a:0", "-vn", "-sn", "-dn", "-af", "aresample=async=1:first_pts=0"),
            *("-t", f"{wanted_s:.6f}", "-ac", "2", "-ar", str(RATE_HZ), "-f", "f32le", "-y", local_url(out)),
        ],
        expected_s=wanted_s,
        report=report,
    )


def _gain(decoded: NDArray[np.float32], speech_lufs: float | None) -> float:
    blocks = (decoded[start : start + RATE_HZ].T for start in range(0, len(decoded), RATE_HZ))
    heard_lufs, sounding_s = gated_loudness(energies_of(blocks))
    if speech_lufs is None or sounding_s == 0.0:
        return 1.0
    return from_db(min(MOST_GAIN_DB, speech_lufs + PAUSE_LU - heard_lufs))


def _at(sound: SceneSound, decoded: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Samples of shape (count, 2) at `places` of the video's sound, faded at the scene's ends and at each seam."""
    within = (places - sound.start_frame) % sound.period
    samples = np.zeros((len(places), 2), np.float32)
    there = within < len(decoded)
    samples[there] = decoded[within[there]]
    edge = np.minimum(places - sound.start_frame, sound.end_frame - 1 - places) / (FADE_S * RATE_HZ)
    if sound.period < sound.end_frame - sound.start_frame:
        seam = np.minimum(within, min(sound.period, len(decoded)) - 1 - within) / (SEAM_S * RATE_HZ)
        edge = np.minimum(edge, seam)
    faded: NDArray[np.float32] = samples * np.clip(edge, 0.0, 1.0).astype(np.float32)[:, np.newaxis]
    return faded
