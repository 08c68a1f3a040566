"""Raw frames from the ffmpeg program, read one at a time: a stranger's video is decoded in no process of ours."""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.errors import DeadlineExceeded
from app.media.ffmpeg import GUARD, POLL_S, QUIET, failure_of, ffmpeg_binary, kill_group

# Address space of the decoder: a frame of the largest size that uploads may have, times those it refers to.
MEMORY_KB = 3_000_000
# Seeking may have to decode what lies between two key frames first.
FRAME_WITHIN_S = 60.0
_STDERR_BYTES = 4000
_HEARD_BYTES = 1_000_000
# How the ffmpeg program words, in this version and in those before, that a packet or a frame of it is damaged. What a
# decoder says by itself is no sign: where a video was cut it misses pictures that are never shown.
_DAMAGED = re.compile(
    rb"corrupt decoded frame|Error submitting packet to decoder|Decoding error|Error while decoding stream"
)


class FramePipe:
    """The output of `ffmpeg ARGS pipe:1` in pieces of one size. Use as a context: leaving it ends the program."""

    def __init__(self, args: Sequence[str], piece_bytes: int, still_wanted: Callable[[], None]) -> None:
        """`still_wanted` is called while nothing comes, and may raise."""
        self._piece = np.empty(piece_bytes, np.uint8)
        self._still_wanted = still_wanted
        self._stderr = tempfile.TemporaryFile()
        self._damaged_frames, self._heard_bytes, self._half_line = 0, 0, b""
        limited = ["/bin/sh", "-c", f'ulimit -v {MEMORY_KB}; exec "$@"', "limited"]
        command = [*limited, ffmpeg_binary(), *QUIET, "-v", "repeat+warning", *args, "pipe:1"]
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )

    def __enter__(self) -> FramePipe:
        return self

    def next_piece(self) -> npt.NDArray[np.uint8] | None:
        """The next whole piece, valid until the next call; None at the end, however the program came to it.

        Raises DeadlineExceeded when none comes for FRAME_WITHIN_S.
        """
        assert self._process.stdout is not None
        output, filled, ends_at = self._process.stdout.fileno(), 0, time.monotonic() + FRAME_WITHIN_S
        while filled < self._piece.size:
            if not select.select([output], [], [], POLL_S)[0]:
                self._still_wanted()
                if time.monotonic() > ends_at:
                    raise DeadlineExceeded(f"no frame came within {FRAME_WITHIN_S:.0f} s", deadline_s=FRAME_WITHIN_S)
                continue
            count = os.readv(output, [self._piece.data[filled:]])
            if count == 0:
                return None
            filled += count
        return self._piece

    def damaged_frames(self) -> int:
        """How many frames the program has found damaged so far. It may be ahead of the pieces that were read."""
        said = os.pread(self._stderr.fileno(), _HEARD_BYTES, self._heard_bytes)
        if said:
            self._heard_bytes += len(said)
            *lines, self._half_line = (self._half_line + said).split(b"\n")
            self._damaged_frames += sum(_DAMAGED.search(line) is not None for line in lines)
        return self._damaged_frames

    def fault(self) -> Exception:
        """How the program ended, once `next_piece` has given None: TransientError when it was killed."""
        self._process.wait(timeout=FRAME_WITHIN_S)
        said_bytes = os.fstat(self._stderr.fileno()).st_size
        self._stderr.seek(max(0, said_bytes - _STDERR_BYTES))
        said = self._stderr.read(_STDERR_BYTES).decode("utf-8", "replace").strip()
        return failure_of(self._process.returncode, said)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        kill_group(self._process)
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe is not None:
                pipe.close()
