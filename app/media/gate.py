"""The output gate: nothing is delivered that was not measured against what it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from app.domain.errors import GateFailed
from app.domain.machine_faults import words_of
from app.media.files import reading
from app.media.key_frames import Stretch
from app.media.leveling import SHORT_SOUND_S
from app.media.loudness import RATE_HZ, Loudness
from app.media.output_facts import OutputFacts, PictureFacts, SoundFacts, measure_output
from app.media.sound_print import KnownSound
from app.media.soundtrack import CEILING_DBTP, LOUDNESS_TOLERANCE_LU, TARGET_LUFS

KEY_INTERVAL_LIMIT_S = 2.0
# What two correct true-peak meters may differ by.
PEAK_TOLERANCE_DB = 0.2
# The integrated loudness of a short sound follows single words; it is then only kept from absurdity.
SHORT_SOUND_LUFS = (-40.0, -12.0)
BLACK_LIMIT_S = 0.5
# The camera goes through its whole move in a scene, so that even a single-scene video moves
# visibly in a twelfth of its length.
FROZEN_LIMIT_S, FROZEN_LIMIT_SHARE = 4.0, 0.08


@dataclass(frozen=True)
class Expected:
    """What the plan says of the video.

    `watched` are the stretches, in frames, that may be neither black nor frozen; all of it when None. The rest is
    title cards and what else the caller chose to be seen: it may be black, plain or still.
    """

    width_px: int
    height_px: int
    fps: int
    frames: int
    watched: tuple[range, ...] | None = None

    @property
    def duration_s(self) -> float:
        return self.frames / self.fps


def check_output(
    video: Path, expected: Expected, report: Callable[[float], None], known: KnownSound | None = None
) -> OutputFacts:
    """Measure `video`; raise GateFailed, with every miss at once, when it is not what was `expected`.

    `known` is what was measured of the soundtrack that it should hold. TransientError when the machine cannot read it.
    """
    try:
        with reading(video, "the video"):
            facts = measure_output(video, expected.fps, report, expected.watched, known)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise GateFailed(f"the video cannot be read: {words_of(error)}", misses=["the video cannot be read"]) from error
    found = misses(facts, expected)
    if found:
        raise GateFailed("the video is not what was planned: " + "; ".join(found), misses=found)
    return facts


def misses(facts: OutputFacts, expected: Expected) -> list[str]:
    """Every way in which the video differs from the plan, each with what was measured. Pure."""
    found = [*_picture_misses(facts.picture, expected), *_sound_misses(facts.sound, expected)]
    if not facts.is_faststart:
        found.append("the index stands behind the data (no faststart)")
    return found


def _picture_misses(picture: PictureFacts, expected: Expected) -> Iterator[str]:
    if picture.tracks != 1:
        yield f"{picture.tracks} picture tracks instead of 1"
    coding = (picture.codec, picture.profile, picture.pixel_format)
    if coding != ("h264", "High", "yuv420p"):
        yield f"the picture is {' '.join(coding)}, not h264 High yuv420p"
    if not picture.is_bt709:
        yield "the picture is not tagged as BT.709"
    if (picture.width_px, picture.height_px) != (expected.width_px, expected.height_px):
        yield f"{picture.width_px}×{picture.height_px} pixels instead of {expected.width_px}×{expected.height_px}"
    if picture.frames != expected.frames:
        yield f"{picture.frames} frames instead of {expected.frames}"
    if picture.off_grid:
        yield f"{picture.off_grid} timestamps off the grid of {expected.fps} fps"
    if picture.starts_at_s != 0.0:
        yield f"the picture starts at {picture.starts_at_s:.3f} s"
    if picture.longest_key_interval_s > KEY_INTERVAL_LIMIT_S:
        yield f"{picture.longest_key_interval_s:.2f} s without a key frame"
    if picture.black.duration_s >= BLACK_LIMIT_S:
        yield f"black {_when(picture.black)}"
    if picture.frozen.duration_s > max(FROZEN_LIMIT_S, FROZEN_LIMIT_SHARE * expected.duration_s):
        yield f"frozen {_when(picture.frozen)}"


def _sound_misses(sound: SoundFacts, expected: Expected) -> Iterator[str]:
    if sound.tracks != 1:
        yield f"{sound.tracks} sound tracks instead of 1"
    coding = (sound.codec, sound.profile, sound.rate_hz, sound.channels)
    if coding != ("aac", "LC", RATE_HZ, 2):
        measured = f"{sound.codec} {sound.profile} {sound.rate_hz} Hz × {sound.channels}"
        yield f"the sound is {measured}, not aac LC {RATE_HZ} Hz × 2"
    frame_s = 1.0 / expected.fps
    if abs(sound.starts_at_s) >= frame_s:
        yield f"the sound starts at {sound.starts_at_s:.3f} s"
    if abs(sound.duration_s - expected.duration_s) >= frame_s:
        yield f"{sound.duration_s:.3f} s of sound to {expected.duration_s:.3f} s of picture"
    yield from loudness_misses(sound.loudness)


def loudness_misses(loudness: Loudness) -> Iterator[str]:
    """In which ways a sound is not as loud as it must be. Pure."""
    is_short = loudness.sounding_s < SHORT_SOUND_S
    low, high = TARGET_LUFS - LOUDNESS_TOLERANCE_LU, TARGET_LUFS + LOUDNESS_TOLERANCE_LU
    if is_short:
        low, high = SHORT_SOUND_LUFS
    if loudness.sounding_s == 0.0:
        yield "the sound is silent"
    elif not low <= loudness.integrated_lufs <= high:
        yield f"{loudness.integrated_lufs:.1f} LUFS, not within {low:g} and {high:g}"
    if loudness.true_peak_dbtp > CEILING_DBTP + PEAK_TOLERANCE_DB:
        yield f"a true peak of {loudness.true_peak_dbtp:.1f} dBTP above {CEILING_DBTP:g}"


def _when(stretch: Stretch) -> str:
    return f"for {stretch.duration_s:.1f} s from {stretch.start_s:.1f} s"
