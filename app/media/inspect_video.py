"""What an uploaded video is, by its content; anything else is refused with a sentence for a person.

A stranger's file is opened in a process of its own (`app.media.read_video`), with limits on memory and time: a decoder
that falls or never ends takes nothing along.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import UnsupportedMedia
from app.domain.machine_faults import machine_faults
from app.domain.sources import SHORTEST_FOOTAGE_S
from app.media.files import check_readable
from app.media.limited import read_in_process

ACCEPTED = "MP4, MOV, WebM and MKV with H.264, HEVC, VP8, VP9, AV1, MPEG-4 or ProRes are accepted."
MAX_DURATION_S = 3600.0
MAX_SIDE_PX, MIN_SIDE_PX = 4096, 16
MAX_PIXELS = 4096 * 2304
MAX_FRAME_RATE = 240.0
# Of the length or the frames that its header claims, a file must hold so much.
LEAST_HELD = 0.9

_MATROSKA = b"\x1aE\xdf\xa3"
# Pictures that come in the same boxes as MP4, in a single frame of HEVC or AV1.
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")


@dataclass(frozen=True)
class VideoInfo:
    """`duration_s` is counted from the packets; the size is that of the upright picture with square pixels.

    `frame_rate` is the mean, in frames a second.

    `stream` is the picture track's number in the file. `is_untagged`: it does not say how its colours are coded.
    `primaries` are the red, green and blue they are mixed of, as ITU-T H.273 numbers them; 2 where it does not say.
    `is_interlaced`: a frame holds the odd and the even lines of two moments.
    """

    duration_s: float
    frame_rate: float
    width_px: int
    height_px: int
    format: str
    stream: int
    has_sound: bool
    is_hdr: bool
    is_untagged: bool
    primaries: int
    is_interlaced: bool


def holds_pictures(head: bytes) -> bool:
    """Whether the file is of AVIF or HEIC: pictures in the boxes of a video."""
    return head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS


def demuxer_for(head: bytes) -> str | None:
    """The demuxer that the file's first bytes call for, or None when they are of no video that we accept."""
    if head[4:8] == b"ftyp":
        return None if holds_pictures(head) else "mov"
    return "matroska" if head[:4] == _MATROSKA else None


def inspect_video(path: Path) -> VideoInfo | None:
    """Facts of the video at `path`, whatever its name; None when it holds no moving picture. Raises UnsupportedMedia.

    Reads the whole file and decodes its start. TransientError when the machine cannot read it.
    """
    with machine_faults("reading the video"), path.open("rb") as file:
        demuxer = demuxer_for(file.read(64))
    if demuxer is None:
        raise UnsupportedMedia(f"This is not a video we can read. {ACCEPTED}")
    try:
        found = read_in_process("app.media.read_video", demuxer, path, "video", ACCEPTED)
        return None if found is None else _judged(found, demuxer)
    except UnsupportedMedia:
        check_readable(path, "the video")
        raise


def _judged(found: dict[str, Any], demuxer: str) -> VideoInfo:
    if (fault := found.get("fault")) is not None:
        raise UnsupportedMedia(f"{fault} {ACCEPTED}")
    width_px, height_px = found["width_px"], found["height_px"]
    if not MIN_SIDE_PX <= min(width_px, height_px) <= max(width_px, height_px) <= MAX_SIDE_PX:
        raise UnsupportedMedia(
            f"The video is {width_px} × {height_px} pixels; {MIN_SIDE_PX} to {MAX_SIDE_PX} a side are accepted."
        )
    duration_s, frames = found["duration_s"], found["frames"]
    is_short = duration_s < LEAST_HELD * found["claimed_s"] - 1.0 or frames < LEAST_HELD * found["claimed_frames"]
    is_short = is_short or found["file_s"] < LEAST_HELD * found["claimed_file_s"] - 1.0
    if is_short or found["decoded_frames"] == 0:
        raise UnsupportedMedia(f"The video is damaged or cut short. {ACCEPTED}")
    if duration_s < SHORTEST_FOOTAGE_S:
        raise UnsupportedMedia(f"The video lasts {duration_s:.2f} s; {SHORTEST_FOOTAGE_S} s at least are needed.")
    if frames / duration_s > MAX_FRAME_RATE:
        raise UnsupportedMedia(f"The video has more than {MAX_FRAME_RATE:g} frames a second.")
    return VideoInfo(
        duration_s=duration_s,
        frame_rate=frames / duration_s,
        width_px=width_px,
        height_px=height_px,
        format=demuxer,
        stream=found["stream"],
        has_sound=found["has_sound"],
        is_hdr=found["is_hdr"],
        is_untagged=found["is_untagged"],
        primaries=found["primaries"],
        is_interlaced=found["is_interlaced"],
    )
