"""The video's sound: narration at its place, music beneath it, −14 LUFS under −1.5 dBTP, as one AAC track."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import PermanentError
from app.media.aac import decode_sound, encode_aac
from app.media.files import named_errors, written_whole
from app.media.leveling import apply_level, level_for
from app.media.loudness import (
    BOTH_SIDES_LU,
    RATE_HZ,
    Analysis,
    Loudness,
    Samples,
    analyse,
    energies_of,
    gated_loudness,
    measure,
)
from app.media.music import ducking, mix, prepare_music, reporting
from app.media.narration import Line, lay_narration
from app.media.scene_sounds import SceneSound, lay_scene_sounds
from app.media.sound_bed import SoundBed
from app.media.sound_print import sound_fingerprint

TARGET_LUFS = -14.0
LOUDNESS_TOLERANCE_LU = 0.5
CEILING_DBTP = -1.5

# AAC moves each peak a little. The margin makes the first encode the last one for almost every sound.
_CODEC_MARGIN_DB = 0.6
_ENCODES = 3
_AIM_LU = 0.2  # nearer than the gate asks, so that other meters agree


@dataclass(frozen=True)
class SoundtrackReport:
    """As measured on the encoded file. `integrated_lufs` is −70 for silence; `fingerprint` is its sound's."""

    duration_s: float
    integrated_lufs: float
    true_peak_dbtp: float
    sounding_s: float
    fingerprint: str


def make_soundtrack(
    lines: Sequence[Line],
    *,
    duration_s: float,
    music: Path | None,
    out: Path,
    report: Callable[[float], None],
    scene_sounds: Sequence[SceneSound] = (),
) -> SoundtrackReport:
    """Write the sound of a video of `duration_s` seconds to `out` (.m4a: AAC-LC 48 kHz stereo) and measure it.

    It lasts duration_s × 48,000 samples, rounded. A music file is looped or trimmed to it; the sounds of scenes lie
    beneath the narration as music does.
    Raises BadMedia, UnsupportedMedia, StorageFull, PermanentError, and whatever `report` raises.
    """
    frames = round(duration_s * RATE_HZ)
    if frames <= 0:
        raise PermanentError(f"a soundtrack of {duration_s} s has no sample")
    with named_errors("making the soundtrack"), written_whole(out) as partial:
        with tempfile.TemporaryDirectory(prefix=".sound-", dir=out.parent) as folder:
            bed = lay_narration(lines, frames=frames, path=Path(folder, "narration"), report=_part(report, 0.0, 0.1))
            blocks = _mixed(bed, music, scene_sounds, Path(folder, "music"), _part(report, 0.1, 0.3))
            analysis = analyse(reporting(blocks(), frames, _part(report, 0.3, 0.4)))
            loudness = encode_to_target(blocks, analysis, frames, partial, _part(report, 0.4, 1.0))
    return SoundtrackReport(
        frames / RATE_HZ,
        loudness.integrated_lufs,
        loudness.true_peak_dbtp,
        loudness.sounding_s,
        sound_fingerprint(out),
    )


def _mixed(
    bed: SoundBed,
    music: Path | None,
    scene_sounds: Sequence[SceneSound],
    scratch: Path,
    report: Callable[[float], None],
) -> Callable[[], Iterator[Samples]]:
    """How to get the mix, as often as it is needed: it is cheaper to make again than to store."""
    if music is None and not scene_sounds:
        return bed.blocks
    energies = energies_of(reporting(bed.blocks(), bed.frames, _part(report, 0.0, 0.4)))
    one_side_lufs, sounding_s = gated_loudness(energies)
    speech_lufs = one_side_lufs + BOTH_SIDES_LU if sounding_s > 0.0 else None
    beds: list[Callable[[], Iterator[Samples]]] = []
    if music is not None:
        prepared = prepare_music(
            music, frames=bed.frames, speech_lufs=speech_lufs, path=scratch, report=_part(report, 0.4, 0.8)
        )
        beds.append(lambda: prepared.blocks(bed.frames))
    if scene_sounds:
        laid = lay_scene_sounds(
            scene_sounds,
            frames=bed.frames,
            speech_lufs=speech_lufs,
            path=scratch.with_name("scenes"),
            report=_part(report, 0.8, 1.0),
        )
        beds.append(laid.blocks)
    duck = ducking(energies)
    return lambda: mix(bed.blocks(), map(_sum, *(blocks() for blocks in beds)), duck, bed.frames)


def _sum(*blocks: Samples) -> Samples:
    total = blocks[0]
    for block in blocks[1:]:
        total = total + block
    return total


@dataclass(frozen=True)
class Codec:
    """How blocks of samples become a file, and how that is heard again."""

    encode: Callable[[Iterator[Samples], Path], None]
    decode: Callable[[Path], Iterator[Samples]]


AAC = Codec(encode_aac, decode_sound)


def encode_to_target(
    blocks: Callable[[], Iterator[Samples]],
    analysis: Analysis,
    frames: int,
    out: Path,
    report: Callable[[float], None],
    codec: Codec = AAC,
) -> Loudness:
    """Encode at the level that gives the target, measure what came out, and correct it where the codec moved it."""
    target_lufs, ceiling_dbtp = TARGET_LUFS, CEILING_DBTP - _CODEC_MARGIN_DB
    channels = next(blocks()).shape[0]
    if channels == 1:
        analysis = Analysis(analysis.energies * 2.0, analysis.peaks)
    done = 0.0
    for remaining in reversed(range(_ENCODES)):
        # The first encode is nearly always the last, so it gets nearly all of the progress.
        share = _part(report, done, 0.9 if remaining else 1.0)
        done = 0.9
        level = level_for(analysis, target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp)
        leveled = apply_level(blocks(), analysis, level)
        codec.encode(reporting(leveled, frames, _part(share, 0.0, 0.8)), out)
        measured = measure(reporting(codec.decode(out), frames, _part(share, 0.8, 1.0)))
        missing_lu = TARGET_LUFS - measured.integrated_lufs
        over_db = measured.true_peak_dbtp - CEILING_DBTP
        # More gain cannot help a sound that stays below the target because the limiter would be heard.
        is_loud_enough = abs(missing_lu) <= _AIM_LU or level.is_at_limit
        if measured.sounding_s == 0.0 or (is_loud_enough and over_db <= 0.0):
            break
        if over_db > 0.0:
            ceiling_dbtp -= over_db + 0.1
        target_lufs += missing_lu
    report(1.0)
    return measured


def _part(report: Callable[[float], None], start: float, end: float) -> Callable[[float], None]:
    """`report` for a stretch of the work that goes from `start` to `end` of the whole."""
    return lambda fraction: report(start + (end - start) * fraction)
