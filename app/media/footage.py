"""A piece of an uploaded video as frames of ours: cut, fitted to the frame, at our rate, in BT.709 limited range.

Frames come one at a time through a pipe, so the memory does not grow with the video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from app.domain.errors import BadMedia, TransientError, UnsupportedMedia
from app.media.ffmpeg_pipe import FramePipe
from app.media.files import check_readable
from app.media.fitting import inset_footage_size, is_inset
from app.media.inspect_video import MAX_PIXELS, VideoInfo, inspect_video
from app.media.moving_backdrop import MovingBackdrop
from app.media.picture_planes import Plane
from app.media.probe import input_options, local_url
from app.media.read_video import UNSPECIFIED
from app.media.sources import FootagePiece
from app.media.warp import FramePlanes

# From here on up what says nothing of its colours is taken for BT.709, below for BT.601, as players do.
HD_HEIGHT_PX = 720
# Of the frames of a piece so many may be damaged, or so few: what they leave behind is gone at the next key frame.
MOST_DAMAGED, FEW_DAMAGED = 0.02, 3
# As ITU-T H.273 numbers them and zscale names them: BT.2020, and the P3 of cinemas and of Apple's displays.
WIDE_PRIMARIES = {9: "bt2020", 11: "smpte431", 12: "smpte432"}
# The white of a page in HDR, in cd/m² (ITU-R BT.2408): it becomes the white of the frame, and what is brighter is bent.
HDR_WHITE_NITS = 203
# Up to this share of white all stays as it is; what is brighter, to the brightest light, gets the rest.
HDR_KEPT = 0.7


class FootageReader:
    """The frames of a piece, again and again. Use as a context: leaving it ends the decoder."""

    def __init__(
        self, piece: FootagePiece, width_px: int, height_px: int, fps: int, still_wanted: Callable[[], None]
    ) -> None:
        self._piece, self._fps, self._still_wanted = piece, fps, still_wanted
        self._shown = FramePlanes.blank(width_px, height_px)
        self._info = _info(piece.path)
        # What the decoder gives: the whole frame, or what sits on its own blur.
        self._size = frame = (width_px, height_px)
        self._backdrop: MovingBackdrop | None = None
        if is_inset(upright := (self._info.width_px, self._info.height_px), frame):
            self._size = inset_footage_size(upright, frame)
            self._backdrop = MovingBackdrop(frame, self._size)
        self._stack = ExitStack()
        self._frames = self._endless()

    def __enter__(self) -> FootageReader:
        return self

    def next_frame(self) -> FramePlanes:
        """Valid until the next call. Raises BadMedia when no frame can be decoded, or too many are damaged."""
        return next(self._frames)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _endless(self) -> Iterator[FramePlanes]:
        while True:
            with ExitStack() as self._stack:
                pipe = self._stack.enter_context(
                    FramePipe(self._arguments(), self._size[0] * self._size[1] * 3 // 2, self._still_wanted)
                )
                for number in range(self._piece.frames(self._fps)):
                    data = pipe.next_piece()
                    self._check_damage(pipe.damaged_frames())
                    if data is not None:
                        self._take(data)
                    else:
                        # Where the video ends before the piece does, its last frame stays: the sound has the same
                        # period. A decoder that was killed is no end: a retry shows the rest.
                        fault = pipe.fault()
                        if isinstance(fault, TransientError):
                            raise fault
                        if number == 0:
                            check_readable(self._piece.path, "a video of the job")
                            raise BadMedia("the video of the scene cannot be decoded") from fault
                    yield self._shown

    def _check_damage(self, damaged_frames: int) -> None:
        piece_frames = (self._piece.end_s - self._piece.start_s) * self._info.frame_rate
        if damaged_frames > max(FEW_DAMAGED, MOST_DAMAGED * piece_frames):
            check_readable(self._piece.path, "a video of the job")
            raise BadMedia(
                f"the video of the scene is damaged: {damaged_frames} frames or more of its piece from "
                f"{self._piece.start_s:g} s to {self._piece.end_s:g} s cannot be decoded whole"
            )

    def _take(self, data: Plane) -> None:
        width_px, height_px = self._size
        luma, half = width_px * height_px, (height_px // 2, width_px // 2)
        cb, cr = np.split(data[luma:], 2)
        parts = (data[:luma].reshape(height_px, width_px), cb.reshape(half), cr.reshape(half))
        if self._backdrop is not None:
            self._backdrop.draw(parts, self._shown)
            return
        for plane, part in zip(self._shown.visible, parts, strict=True):
            np.copyto(plane, part)

    def _arguments(self) -> list[str]:
        info, piece = self._info, self._piece
        opening = {**input_options(info.format), "max_pixels": str(MAX_PIXELS), "threads": "1"}
        return [
            *(word for name, value in opening.items() for word in (f"-{name}", value)),
            *(("-ss", f"{piece.start_s:.6f}") if piece.start_s else ()),
            *("-f", info.format, "-i", local_url(piece.path), "-map", f"0:{info.stream}", "-an", "-sn", "-dn"),
            *("-filter_threads", "1", "-vf", ",".join(filters(info, *self._size, self._fps))),
            *("-frames:v", str(piece.frames(self._fps)), "-f", "rawvideo", "-pix_fmt", "yuv420p"),
        ]


def filters(info: VideoInfo, width_px: int, height_px: int, fps: int) -> list[str]:
    """The chain that brings the video to frames of this size, cropping it. ffmpeg has turned it upright before."""
    shape = f"{width_px}/{height_px}"
    cover = (
        f"w='if(gte(dar,{shape}),ceil({height_px}*dar/2)*2,{width_px})'"
        f":h='if(gte(dar,{shape}),{height_px},ceil({width_px}/dar/2)*2)'"
    )
    # Deinterlaced while lines and moments are still the camera's: a frame from each of the two moments, and only where
    # a frame has two. The motion is then as smooth as it was recorded.
    steps = ["bwdif=mode=send_field:parity=auto:deint=interlaced"] if info.is_interlaced else []
    # By time: a rate that varies becomes ours, and what begins late is seen from the start.
    steps.append(f"fps={fps}:start_time=0")
    scale, crop = f"scale={cover}:flags=bicubic", f"crop={width_px}:{height_px}"
    if info.is_hdr:
        return [*steps, scale, crop, *_from_hdr(info), "format=yuv420p"]
    if info.primaries in WIDE_PRIMARIES:
        return [*steps, scale, crop, _from_wide(info), "format=yuv420p"]
    matrix = "bt709" if info.is_untagged and info.height_px >= HD_HEIGHT_PX else "auto"
    colours = f"in_color_matrix={matrix}:out_color_matrix=bt709:out_range=tv"
    return [*steps, f"{scale}:{colours}", crop, "format=yuv420p"]


def _from_wide(info: VideoInfo) -> str:
    """Shown as they are, the colours would be pale. Their curve is that of any SDR, whatever it is tagged with."""
    matrix = ":min=bt709" if info.is_untagged else ""
    return f"zscale=pin={WIDE_PRIMARIES[info.primaries]}:tin=bt709{matrix}:p=bt709:t=bt709:m=bt709:r=tv"


def _from_hdr(info: VideoInfo) -> list[str]:
    return [
        *_bt2100_where_untold(info),
        f"zscale=t=linear:npl={HDR_WHITE_NITS}",
        "format=gbrpf32le",
        "zscale=p=bt709",
        f"tonemap=mobius:param={HDR_KEPT}:desat=0",
        "zscale=t=bt709:m=bt709:r=tv",
    ]


def _bt2100_where_untold(info: VideoInfo) -> list[str]:
    """What HDR is by its standard (ITU-R BT.2100), where the video tells its curve alone: zscale does not guess."""
    told = {"color_primaries=bt2020": info.primaries != UNSPECIFIED, "colorspace=bt2020nc": not info.is_untagged}
    untold = [setting for setting, is_told in told.items() if not is_told]
    return [f"setparams={':'.join(untold)}"] if untold else []


def _info(path: Path) -> VideoInfo:
    try:
        info = inspect_video(path)
    except UnsupportedMedia as error:
        raise BadMedia("a video of this job cannot be read, although it was checked at upload") from error
    if info is None:
        raise BadMedia("a video of this job holds no moving picture")
    return info
