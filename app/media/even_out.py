"""Clips of different encoders brought to one, so that they can be joined: what is not x264's is coded again by x264."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from av.video.stream import VideoStream

from app.domain.errors import BadMedia, PermanentError
from app.media.clip import ClipSpec
from app.media.encoder import ClipEncoder
from app.media.files import named_errors
from app.media.probe import NO_DECODERS, open_media

_REPORT_EVERY_FRAMES = 10


def even_out(
    clips: Sequence[Path], folder: Path, *, fps: int, report: Callable[[float], None]
) -> tuple[list[Path], list[int]]:
    """The clips to join, and the numbers (from 1) of those that were coded again, into `folder`.

    All stay as they are when their parameter sets are the same. `report` gets the fraction done, and may raise.
    """
    sets = [_parameter_sets(clip) for clip in clips]
    if len(set(sets)) <= 1:
        return list(clips), []
    reference = _x264_parameter_sets(clips[0], folder / "reference.mp4", fps)
    joinable, coded_again = [], []
    for number, (clip, own) in enumerate(zip(clips, sets, strict=True), start=1):
        if own == reference:
            joinable.append(clip)
            continue
        again = folder / f"clip-{number}.mp4"
        _code_again(clip, again, fps, partial(report, (number - 1) / len(clips)))
        joinable.append(again)
        coded_again.append(number)
    return joinable, coded_again


def _parameter_sets(clip: Path) -> bytes:
    with open_media(clip, "mov", decoders=NO_DECODERS) as container:
        return bytes(_track(container.streams.video).codec_context.extradata or b"")


def _track(tracks: Sequence[VideoStream]) -> VideoStream:
    if not tracks:
        raise PermanentError("a clip holds no picture track")
    return tracks[0]


def _x264_parameter_sets(clip: Path, scratch: Path, fps: int) -> bytes:
    """Those of clips that x264 makes at this one's size."""
    with open_media(clip, "mov") as container:
        context = _track(container.streams.video).codec_context
        with _x264(scratch, context.width, context.height, fps) as encoder:
            for plane in encoder.next_planes().visible:
                plane[:] = 128
            encoder.write()
    return _parameter_sets(scratch)


def _x264(out: Path, width_px: int, height_px: int, fps: int) -> ClipEncoder:
    return ClipEncoder(out, width_px, height_px, fps, ClipSpec.preset, ClipSpec.crf)


def _code_again(clip: Path, out: Path, fps: int, still_wanted: Callable[[], None]) -> None:
    with named_errors("coding a clip again"), open_media(clip, "mov") as container:
        track = _track(container.streams.video)
        track.codec_context.thread_count = 1
        with _x264(out, track.codec_context.width, track.codec_context.height, fps) as encoder:
            for number, frame in enumerate(container.decode(track)):
                if frame.format.name != "yuv420p":
                    raise BadMedia(f"a clip holds {frame.format.name} and not yuv420p")
                for plane, target in zip(frame.planes, encoder.next_planes().visible, strict=True):
                    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
                    np.copyto(target, rows[:, : plane.width])
                encoder.write()
                if number % _REPORT_EVERY_FRAMES == 0:
                    still_wanted()
