"""The poster: one frame of the video as a JPEG, in the colours that the player shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image

from app.domain.errors import BadMedia
from app.media.files import named_errors, written_whole
from app.media.probe import NO_DECODERS, open_media

JPEG_QUALITY = 90
ROUNDING_S = 1e-6  # A frame may be said to begin a little later than it does.


def make_poster(video: Path, *, at_s: float, out: Path) -> None:
    """Write the frame shown at `at_s` seconds (the last one, when the video is shorter) to `out`.

    Raises BadMedia when no frame can be decoded, StorageFull when the disk is full.
    """
    with named_errors("making the poster"), written_whole(out) as partial:
        picture = Image.fromarray(rgb_of(_frame_at(video, at_s)))
        picture.save(partial, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)


def rgb_of(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """A frame of a video of ours in the colours that the player shows, rows × columns × 3."""
    # Said aloud, as the converter takes BT.601 for granted and reds would turn to orange.
    picture = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    pixels: npt.NDArray[np.uint8] = np.asarray(picture.to_ndarray(), np.uint8)
    return pixels


def shown_at(clips: Sequence[Path], fps: int, at_s: float) -> tuple[Path, float]:
    """Of clips shown one after the other, which one is shown at `at_s` seconds, and how long after its own start.

    Past their end it is the last one. Raises BadMedia when a clip before that moment is no video.
    """
    *earlier, last = clips
    frame = int((at_s + ROUNDING_S) * fps)
    for clip in earlier:
        with named_errors("making the poster"), open_media(clip, "mov", decoders=NO_DECODERS) as container:
            frames = _picture_track(container).frames
        if frame < frames:
            return clip, frame / fps
        frame -= frames
    return last, frame / fps


def _picture_track(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise BadMedia("the video has no picture track to take a poster from")
    return container.streams.video[0]


def _frame_at(video: Path, at_s: float) -> av.VideoFrame:
    with open_media(video, "mov") as container:
        track = _picture_track(container)
        context = track.codec_context
        context.thread_count = 1
        at = (at_s + ROUNDING_S) / float(track.time_base or 1)
        container.seek(max(0, int(at)), stream=track)
        *before, wanted = _coded_until(container.demux(track), at)
        # No frame is decoded from those that none refers to, and they are half of all.
        context.skip_frame = "NONREF"
        for packet in before:
            packet.decode()
        context.skip_frame = "DEFAULT"
        for frame in (*wanted.decode(), *context.decode(None)):
            if frame.pts == wanted.pts:
                return frame
    raise BadMedia("no frame of the video can be decoded")


def _coded_until(packets: Iterable[Packet[VideoStream]], at: float) -> list[Packet[VideoStream]]:
    """From a key frame on, in the order of decoding, up to the frame shown at `at`: the last that has begun by then."""
    coded: list[Packet[VideoStream]] = []
    wanted = 0
    for packet in packets:
        if packet.pts is None or packet.dts is None or (coded and packet.dts > at):
            break
        coded.append(packet)
        if (coded[wanted].pts or 0) < packet.pts <= at:
            wanted = len(coded) - 1
    if not coded:
        raise BadMedia("no frame of the video can be decoded")
    return coded[: wanted + 1]
