"""Join the scenes' clips and the soundtrack into one MP4, copying packets: no frame is decoded or encoded.

Every clip's packets are put on one grid of frames: a clip begins at the number of frames before it, so
neither rounding nor a clip's own header can shift the picture against the sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from app.domain.errors import PermanentError
from app.media.files import named_errors, written_whole
from app.media.frame_grid import FrameGrid
from app.media.loudness import RATE_HZ
from app.media.probe import NO_DECODERS, local_url, open_media

# B-frames are shown after frames that are decoded before them, so decoding must run ahead. x264's pyramid
# needs two frames; a constant serves clips with fewer just as well and holds however short the first one is.
HEAD_START_FRAMES = 2


@dataclass(frozen=True)
class _Copied:
    """A packet with the time its display begins, in seconds: by this the two tracks are interleaved."""

    packet: Packet[VideoStream] | Packet[AudioStream]
    at_s: float


def join_video(
    clips: Sequence[Path],
    soundtrack: Path,
    *,
    fps: int,
    out: Path,
    metadata: Mapping[str, str],
    report: Callable[[float], None],
) -> None:
    """Write `clips` one after the other, with the AAC of `soundtrack`, to `out` (MP4, faststart).

    The clips are MP4s of H.264 that start with an IDR, last a whole number of frames at `fps` and
    were made with one and the same set of encoder settings. Raises BadMedia, PermanentError, StorageFull,
    and whatever `report` raises.
    """
    if not clips:
        raise PermanentError("there is no clip to join")
    with named_errors("joining the clips"), written_whole(out) as partial:
        with open_media(clips[0], "mov") as first, open_media(soundtrack, "mov") as sound:
            if not first.streams.video or not sound.streams.audio:
                raise PermanentError("joining needs a picture track and a sound track")
            # The muxer's edit lists keep the encoders' delays (B-frames, AAC priming) out of what is played.
            options = {
                "movflags": "+faststart",
                "brand": "mp42",
                # Edit lists count in this: it holds every sample of the sound and every frame at the usual rates.
                "movie_timescale": str(RATE_HZ),
                # Dates and versions would make the same video a different file.
                "fflags": "+bitexact",
            }
            with av.open(local_url(partial), "w", format="mp4", options=options) as joined:
                joined.metadata.update(metadata)
                picture_out = _picture_stream(joined, first.streams.video[0], fps)
                sound_in = sound.streams.audio[0]
                sound_out = joined.add_stream_from_template(sound_in)
                picture = _picture_packets(clips, picture_out, fps, report)
                for copied in _interleaved(picture, _sound_packets(sound, sound_in, sound_out)):
                    joined.mux_one(copied.packet)


def _picture_stream(joined: OutputContainer, template: VideoStream, fps: int) -> VideoStream:
    stream = joined.add_stream_from_template(template)
    stream.time_base = Fraction(1, fps)
    return stream


def _picture_packets(
    clips: Sequence[Path], stream: VideoStream, fps: int, report: Callable[[float], None]
) -> Iterator[_Copied]:
    """The clips' packets, renumbered in frames of the whole video. Opens one clip at a time."""
    settings: bytes | None = None
    frame_s = Fraction(1, fps)
    start_frame = 0
    for number, clip in enumerate(clips, start=1):
        with open_media(clip, "mov", decoders=NO_DECODERS) as container:
            if not container.streams.video:
                raise PermanentError(f"clip {number} holds no picture track")
            source = container.streams.video[0]
            extradata = bytes(source.codec_context.extradata or b"")
            if settings is not None and extradata != settings:
                raise PermanentError(f"clip {number} was encoded with other settings than the clips before it")
            settings = extradata
            packets = [packet for packet in container.demux(source) if packet.size]
            shown = _shown_by(packets, FrameGrid(source.time_base or Fraction(1), fps), number, fps)
            if sorted(shown) != list(range(len(packets))):
                raise PermanentError(f"clip {number} is not a run of whole frames from 0 at {fps} fps")
            if not packets or not packets[0].is_keyframe or shown[0] != 0:
                raise PermanentError(f"clip {number} does not start with a key frame")
            needed = max(turn - frame for turn, frame in enumerate(shown))
            if needed > HEAD_START_FRAMES:
                raise PermanentError(
                    f"clip {number} decodes {needed} frames ahead; at most {HEAD_START_FRAMES} are expected"
                )
            for turn, (packet, frame) in enumerate(zip(packets, shown, strict=True)):
                packet.stream = stream
                packet.time_base = frame_s
                packet.pts = start_frame + frame
                packet.dts = start_frame + turn - HEAD_START_FRAMES
                packet.duration = 1
                yield _Copied(packet, packet.pts / fps)
            start_frame += len(packets)
        report(number / len(clips))


def _shown_by(packets: Sequence[Packet[VideoStream]], grid: FrameGrid, number: int, fps: int) -> list[int]:
    """The frame, counted from the clip's start, that each packet shows."""
    shown = []
    for packet in packets:
        if packet.pts is None:
            raise PermanentError(f"clip {number} has a packet without a time")
        if not grid.holds(packet.pts):
            raise PermanentError(f"clip {number} has a frame off the grid of {fps} fps")
        shown.append(grid.nearest(packet.pts))
    return shown


def _sound_packets(container: InputContainer, source: AudioStream, stream: AudioStream) -> Iterator[_Copied]:
    tick_s = float(source.time_base or 1)
    for packet in container.demux(source):
        if packet.size and packet.pts is not None:
            at_s = packet.pts * tick_s
            packet.stream = stream
            yield _Copied(packet, at_s)


def _interleaved(picture: Iterator[_Copied], sound: Iterator[_Copied]) -> Iterator[_Copied]:
    """Both tracks by time, so that a player never has to read far ahead in one for the other."""
    held = next(sound, None)
    for packet in picture:
        while held is not None and held.at_s < packet.at_s:
            yield held
            held = next(sound, None)
        yield packet
    while held is not None:
        yield held
        held = next(sound, None)
