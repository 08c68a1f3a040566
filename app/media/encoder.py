"""One scene's H.264 in one MP4, encoded in this process on one thread.

Nothing in the stream depends on the scene but its pixels: every clip of a video has the same
parameter sets, begins with an IDR frame and is cut into closed GOPs of GOP_S
seconds, so that clips join by copying packets.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import llvmlite.binding
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from app.domain.encoders import GOP_S
from app.media.warp import FramePlanes

# A slow pan over a still gains nothing from a finer motion search, from trying how many B-frames fit, or from a longer
# look ahead: without them it takes three fifths of the CPU time at the same likeness (docs/measurements.md).
EXTRA_PARAMS = {"veryfast": ":subme=1:b-adapt=0:rc-lookahead=5"}


def repeatable_code() -> str:
    """What makes x264 give the same bytes for the same frames, whatever the memory held before.

    Its AVX-512 code (macroblock tree) depends on memory that was never written: filled in turn with four
    patterns, it gave three different streams. Its AVX2 code gave one, and was 6 % faster besides.
    """
    has_avx512 = llvmlite.binding.get_host_cpu_features().get("avx512bw", False)
    return ":asm=AVX2,FMA3,BMI1,BMI2,LZCNT" if has_avx512 else ""


def x264_params(preset: str, fps: int) -> str:
    """What x264 is told beside preset and crf."""
    gop = GOP_S * fps
    return f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0{EXTRA_PARAMS.get(preset, '')}{repeatable_code()}"


class ClipEncoder:
    """Use as a context: leaving it without an error completes the file, with one leaves it unfinished."""

    def __init__(self, out: Path, width_px: int, height_px: int, fps: int, preset: str, crf: int) -> None:
        self._width_px, self._height_px = width_px, height_px
        self._frames = 0
        self._container = av.open(str(out), "w", format="mp4")
        self._stream = self._container.add_stream("libx264", rate=fps)
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = width_px, height_px, "yuv420p"
        context.time_base = Fraction(1, fps)
        context.thread_count = 1
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.options = {
            "preset": preset,
            "crf": str(crf),
            "profile": "high",
            "x264-params": x264_params(preset, fps),
        }
        self._frame = av.VideoFrame(width_px, height_px, "yuv420p")

    def __enter__(self) -> ClipEncoder:
        return self

    def next_planes(self) -> FramePlanes:
        """The planes to draw the next frame into: what they hold is undefined, and they are valid until `write`."""
        # x264 copies what it is given; should it ever keep a frame, this gives a fresh one.
        self._frame.make_writable()
        luma, cb, cr = (
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            for plane in self._frame.planes
        )
        return FramePlanes(self._width_px, self._height_px, luma, cb, cr)

    def write(self) -> None:
        """Encode the frame last drawn."""
        self._frame.pts = self._frames
        self._frames += 1
        self._container.mux(self._stream.encode(self._frame))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        else:
            # The error that ended the work is the one to tell, not that the file cannot be completed either.
            with suppress(OSError):
                self._container.close()
