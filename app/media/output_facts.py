"""What a finished video is, measured: its tracks, its times, what it shows, how loud it is.

All packets are read; only key frames are decoded, and all of the sound, beside each other: nothing else of the
job is left to do by then, so the gate's time is the caller's.
"""

from __future__ import annotations

import struct
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from app.domain.errors import GateFailed
from app.media.aac import decode_sound
from app.media.frame_grid import FrameGrid
from app.media.key_frames import PictureWatch, Stretch
from app.media.loudness import Loudness, Samples, measure
from app.media.probe import open_media
from app.media.sound_print import KnownSound, sound_fingerprint

_BT709 = (ColorPrimaries.BT709, ColorTrc.BT709, Colorspace.ITU709, ColorRange.MPEG)
_REPORT_EVERY_PACKETS = 100
DECODER_THREADS = 2


@dataclass(frozen=True)
class PictureFacts:
    """`off_grid` counts packets whose pts is no whole frame, or whose dts is not one frame after the one before."""

    tracks: int
    codec: str
    profile: str
    pixel_format: str
    is_bt709: bool
    width_px: int
    height_px: int
    frames: int
    off_grid: int
    starts_at_s: float
    longest_key_interval_s: float
    black: Stretch
    frozen: Stretch


@dataclass(frozen=True)
class SoundFacts:
    """`duration_s` is counted in decoded samples, never read from a header."""

    tracks: int
    codec: str
    profile: str
    rate_hz: int
    channels: int
    starts_at_s: float
    duration_s: float
    loudness: Loudness


@dataclass(frozen=True)
class OutputFacts:
    picture: PictureFacts
    sound: SoundFacts
    is_faststart: bool


def measure_output(
    video: Path,
    fps: int,
    report: Callable[[float], None],
    watched: Sequence[range] | None = None,
    known: KnownSound | None = None,
) -> OutputFacts:
    """Measure `video` against a grid of `fps`. Raises GateFailed without both tracks, and what libav raises.

    Black and frozen stretches are looked for in the frames that are `watched`, in their order; in all when it is None.
    A sound that is `known`, packet by packet, is decoded and not measured again.
    """
    with open_media(video, "mov") as container:
        if not container.streams.video or not container.streams.audio:
            miss = f"{len(container.streams.video)} picture and {len(container.streams.audio)} sound tracks"
            raise GateFailed(f"the video has {miss}", misses=[miss])
        # The decoder, NumPy's FFT and the hash of a frame run outside the interpreter's lock.
        with ThreadPoolExecutor(1) as beside:
            heard = beside.submit(_sound_facts, container.streams.audio[0], video, known)
            picture = _picture_facts(container, fps, report, [range(sys.maxsize)] if watched is None else watched)
            sound = heard.result()
        report(1.0)
    return OutputFacts(picture, sound, is_faststart=moov_is_first(video))


def _picture_facts(
    container: InputContainer, fps: int, report: Callable[[float], None], watched: Sequence[range]
) -> PictureFacts:
    stream = container.streams.video[0]
    context = stream.codec_context
    context.thread_count, context.thread_type = DECODER_THREADS, ThreadType.FRAME
    shown: list[int] = []  # the frame that each packet shows, in the order of decoding
    keys_at: list[int] = []
    off_grid = 0
    next_decoded: int | None = None
    watch = PictureWatch(watched, fps)
    grid = FrameGrid(stream.time_base or Fraction(1), fps)
    for packet in container.demux(stream):
        if not packet.size:
            _look(packet, watch)  # the end of the stream: the decoder gives what it still holds
        elif packet.pts is None or packet.dts is None:
            off_grid += 1
        else:
            shown.append(grid.nearest(packet.pts))
            off_grid += not grid.holds(packet.pts)
            decoded = grid.nearest(packet.dts)
            off_grid += next_decoded not in (None, decoded)
            next_decoded = decoded + 1
            if packet.is_keyframe:
                keys_at.append(shown[-1])
                _look(packet, watch)
        if len(shown) % _REPORT_EVERY_PACKETS == 0 or packet.is_keyframe:
            report(min(1.0, len(shown) / max(stream.frames, 1)))
    frames = len(shown)
    first_shown = min(shown, default=0)
    watch.end(frames)
    off_grid += sum(at != frame for frame, at in enumerate(sorted(shown), first_shown))
    intervals = [later - earlier for earlier, later in pairwise([*keys_at, frames])] or [frames]
    return PictureFacts(
        tracks=len(container.streams.video),
        codec=context.name,
        profile=str(context.profile),
        pixel_format=str(context.pix_fmt),
        is_bt709=_tags(stream) == _BT709,
        width_px=context.width,
        height_px=context.height,
        frames=frames,
        off_grid=off_grid,
        starts_at_s=first_shown / fps,
        longest_key_interval_s=max(intervals) / fps,
        black=watch.black,
        frozen=watch.frozen,
    )


def _look(packet: Packet[VideoStream], watch: PictureWatch) -> None:
    for frame in packet.decode():
        if isinstance(frame, VideoFrame) and frame.format.name == "yuv420p" and frame.time is not None:
            watch.see(frame, frame.time)


def _tags(stream: VideoStream) -> tuple[int, int, int, int]:
    context = stream.codec_context
    return context.color_primaries, context.color_trc, context.colorspace, context.color_range


def _sound_facts(stream: AudioStream, video: Path, known: KnownSound | None) -> SoundFacts:
    context = stream.codec_context
    counted_frames = 0

    def counted() -> Iterator[Samples]:
        nonlocal counted_frames
        for block in decode_sound(video):
            yield block
            counted_frames += block.shape[1]

    if known is not None and sound_fingerprint(video) == known.fingerprint:
        loudness = known.loudness
        deque(counted(), maxlen=0)
    else:
        loudness = measure(counted())
    return SoundFacts(
        tracks=len(stream.container.streams.audio),
        codec=context.name,
        profile=str(context.profile),
        rate_hz=context.sample_rate,
        channels=context.channels,
        starts_at_s=float((stream.start_time or 0) * (stream.time_base or 1)),
        duration_s=counted_frames / context.sample_rate,
        loudness=loudness,
    )


def moov_is_first(path: Path) -> bool:
    """Whether the MP4's index stands before its data, so that a browser plays before it has downloaded all."""
    with path.open("rb") as file:
        while len(header := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", header)
            if kind in (b"moov", b"mdat"):
                return bool(kind == b"moov")
            header_bytes = 8
            if size == 1:  # a box above 4 GiB carries its size in the next eight bytes
                size, header_bytes = int.from_bytes(file.read(8), "big"), 16
            if size < header_bytes:
                return False
            file.seek(size - header_bytes, 1)
    return False
