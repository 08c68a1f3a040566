"""One scene's H.264 by an encoder of the ffmpeg program: frames go in through a pipe.

A driver that crashes ends that program and not the worker: libva, for one, aborts its process where it is not
installed. And no process that forks ever holds a driver's state.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np

from app.domain.encoders import GOP_S, EncoderName
from app.domain.errors import EncoderLost, StepError, StorageFull
from app.domain.machine_faults import without_paths
from app.media.ffmpeg import POLL_S, QUIET, failure_of, ffmpeg_binary, kill_group
from app.media.probe import local_url
from app.media.warp import FramePlanes

# A driver may be slow to start; one that takes no frame for this long hangs.
FRAME_WITHIN_S = 30.0
_PIPE_BYTES = 1 << 20
_STDERR_BYTES = 4000

_BT709 = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
# What each is told, for the look of x264's veryfast at crf 22. All make High profile; none looks for scene cuts, so
# that only a GOP's first frame is an IDR. B-frames, at most two and none of them referred to, where they are known
# to work on every model: joining allows for no more.
_SETTINGS: dict[EncoderName, tuple[str, ...]] = {
    EncoderName.NVENC: (
        *("h264_nvenc", "-preset", "p5", "-tune", "hq", "-rc", "vbr", "-cq", "25", "-b:v", "0", "-spatial-aq", "1"),
        *("-bf", "2", "-b_ref_mode", "disabled", "-no-scenecut", "1", "-forced-idr", "1", "-strict_gop", "1"),
    ),
    EncoderName.VIDEOTOOLBOX: ("h264_videotoolbox", "-q:v", "60", "-bf", "0"),
    EncoderName.VAAPI: ("h264_vaapi", "-rc_mode", "CQP", "-qp", "24", "-bf", "0", "-idr_interval", "0"),
    EncoderName.OPENH264: ("libopenh264", "-rc_mode", "off", "-q:v", "24", "-coder", "cabac"),
}
_DEVICE: dict[EncoderName, tuple[str, ...]] = {
    EncoderName.VAAPI: ("-init_hw_device", "vaapi=gpu", "-filter_hw_device", "gpu"),
}
_UPLOAD: dict[EncoderName, str] = {EncoderName.VAAPI: ",format=nv12,hwupload"}


class PipedEncoder:
    """Use as a context, as `ClipEncoder`: leaving it without an error completes the file.

    `still_wanted` is called while the encoder is waited for, and may raise. Raises EncoderLost, with what the
    encoder said, when it cannot go on; StorageFull when the disk is the reason.
    """

    def __init__(
        self, name: EncoderName, out: Path, width_px: int, height_px: int, fps: int, still_wanted: Callable[[], None]
    ) -> None:
        self._name, self._still_wanted = name, still_wanted
        luma, chroma = width_px * height_px, width_px * height_px // 4
        self._data = np.empty(luma + 2 * chroma, np.uint8)
        half = (height_px // 2, width_px // 2)
        self._planes = FramePlanes(
            width_px,
            height_px,
            self._data[:luma].reshape(height_px, width_px),
            self._data[luma : luma + chroma].reshape(half),
            self._data[luma + chroma :].reshape(half),
        )
        self._stderr = tempfile.TemporaryFile()
        # No guard as in `run_ffmpeg`: when the worker is gone its end of the pipe is too, and ffmpeg ends.
        self._process = subprocess.Popen(
            [ffmpeg_binary(), *QUIET, "-v", "error", *arguments(name, width_px, height_px, fps), local_url(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()
        os.set_blocking(self._pipe, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            try:
                fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            except OSError:
                pass  # Beyond what this user may have: the pipe is small, and all goes on.

    def __enter__(self) -> PipedEncoder:
        return self

    def next_planes(self) -> FramePlanes:
        """The planes to draw the next frame into: what they hold is undefined, and they are valid until `write`."""
        return self._planes

    def write(self) -> None:
        """Send the frame last drawn."""
        left, ends_at = memoryview(self._data.data), time.monotonic() + FRAME_WITHIN_S
        while left:
            try:
                left = left[os.write(self._pipe, left) :]
            except BlockingIOError:
                self._wait(ends_at)
            except BrokenPipeError:
                raise self._fault(ends_at) from None

    def _wait(self, ends_at: float) -> None:
        """Until the pipe takes more."""
        if not select.select([], [self._pipe], [], POLL_S)[1]:
            self._still_wanted()
            if time.monotonic() > ends_at:
                raise EncoderLost(f"{self._name} took no frame for {FRAME_WITHIN_S:.0f} s")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            if kind is None:
                ends_at = time.monotonic() + FRAME_WITHIN_S
                if self._ended(ends_at) != 0:
                    raise self._fault(ends_at)
        finally:
            kill_group(self._process)
            self._stderr.close()

    def _ended(self, ends_at: float) -> int:
        while True:
            try:
                return self._process.wait(timeout=POLL_S)
            except subprocess.TimeoutExpired:
                self._still_wanted()
                if time.monotonic() > ends_at:
                    raise EncoderLost(f"{self._name} did not end within {FRAME_WITHIN_S:.0f} s") from None

    def _fault(self, ends_at: float) -> StepError:
        code = self._ended(ends_at)
        self._stderr.seek(0)
        said = self._stderr.read(_STDERR_BYTES).decode("utf-8", "replace").strip()
        # subprocess gives a signal as a negative number, a shell adds it to 128.
        failure = failure_of(code if code >= 0 else 128 - code, said)
        if isinstance(failure, StorageFull):
            return failure
        return EncoderLost(f"{self._name} failed: {first_complaint(said) or failure.message}", stderr=said)


def codec_of(name: EncoderName) -> str:
    """What ffmpeg calls it."""
    return _SETTINGS[name][0]


def arguments(name: EncoderName, width_px: int, height_px: int, fps: int) -> list[str]:
    """What ffmpeg is told, up to the output's name."""
    return [
        *_DEVICE.get(name, ()),
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width_px}x{height_px}", "-r", str(fps), "-i", "pipe:0"),
        *("-vf", _BT709 + _UPLOAD.get(name, ""), "-fps_mode", "passthrough", "-c:v", *_SETTINGS[name]),
        *("-profile:v", "high", "-g", str(GOP_S * fps)),
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-f", "mp4", "-y"),
    ]


def first_complaint(said: str) -> str:
    """The first line, which names the cause; those after it tell what failed because of it."""
    line = without_paths(said.partition("\n")[0].strip())
    # Who says it stands before it, with an address in memory that differs from run to run.
    return re.sub(r"^(\[[^\]]* @ 0x[0-9a-f]+\]\s*)+", "", line)
