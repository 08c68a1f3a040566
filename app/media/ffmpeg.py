"""Run the ffmpeg program: progress, a deadline, a cancel that leaves nothing behind, errors that say why."""

from __future__ import annotations

import errno
import functools
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from app.domain.errors import BadMedia, DeadlineExceeded, PermanentError, StepError, StorageFull, TransientError
from app.domain.machine_faults import without_paths

# How long ffmpeg may be silent before we ask, through `report`, whether the work is still wanted.
POLL_S = 0.2
QUIET = ("-nostdin", "-hide_banner", "-nostats")
STDERR_LINES_KEPT = 12

# ffmpeg ignores a broken progress pipe, so it would outlive a worker that was killed outright. This shell holds
# the other end of a pipe from the worker; when the worker is gone the pipe ends, and ffmpeg with it.
GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
work=$!
{ read -r _ <&3; kill -9 "$work"; } >/dev/null 2>&1 &
guard=$!
wait "$work"
code=$?
kill -9 "$guard" 2>/dev/null
exit "$code"
"""
# A shell's exit code for a child that a signal ended is 128 plus the signal. ffmpeg's own codes may lie
# there too (183 is invalid data), so only the signals that end processes are taken for such.
_SHELL_SIGNAL_BASE = 128
_KILLS = {
    int(kill): kill
    for kill in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL)
}
STDERR_LINE_CHARS = 400
# What ffmpeg says when the machine is at fault, as the system words it: a folder that has gone, a broken disk.
_MACHINE_NUMBERS = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN),
    *(errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)
_MACHINE_WORDS = tuple(map(os.strerror, _MACHINE_NUMBERS))

# A loaded machine may run at a fraction of real time; a hung process must still end some day.
DEADLINE_FLOOR_S = 60.0
DEADLINE_PER_EXPECTED_S = 10.0


@functools.cache
def ffmpeg_binary(configured: str | None = None) -> str:
    """The program to run: `configured` if given, else the wheel's own, else the one on PATH.

    The wheel comes first because its filters and encoders are the ones our tests ran with.
    Raises PermanentError when there is none.
    """
    if configured:
        found = shutil.which(configured)
        if found is None:
            raise PermanentError(f"FFMPEG_BINARY is {configured}, which is not a program that can be run")
        return found
    bundled = Path(imageio_ffmpeg.__file__).with_name("binaries")
    for candidate in sorted(bundled.glob("ffmpeg-*"), reverse=True):
        if os.access(candidate, os.X_OK):
            return str(candidate)
    found = shutil.which("ffmpeg")
    if found is None:
        raise PermanentError("no ffmpeg was found: install the imageio-ffmpeg wheel or set FFMPEG_BINARY")
    return found


def run_ffmpeg(
    args: Sequence[str],
    *,
    expected_s: float,
    report: Callable[[float], None],
    deadline_s: float | None = None,
    binary: str | None = None,
) -> str:
    """Run ffmpeg with `args` (inputs, filters, outputs) and return the last lines of its stderr.

    `expected_s` is the length of the output in seconds: it turns ffmpeg's clock into the fraction
    that `report` gets, and sets the deadline unless `deadline_s` does. Whatever `report` raises
    passes through after ffmpeg and its children were killed.

    Raises StorageFull, DeadlineExceeded, BadMedia, TransientError or PermanentError.
    The caller owns the output's path and removes what a failure leaves there.
    """
    if deadline_s is None:
        deadline_s = DEADLINE_FLOOR_S + DEADLINE_PER_EXPECTED_S * expected_s
    command = [binary or ffmpeg_binary(), *QUIET, "-stats_period", str(POLL_S), "-progress", "pipe:1", *args]
    process = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", *command],
        stdin=subprocess.PIPE,  # never written to; its end is what the guard waits for
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,  # a group of its own, so that a kill reaches guard and ffmpeg alike
    )
    try:
        tail = _follow(process, expected_s, report, time.monotonic() + deadline_s, deadline_s)
    except BaseException:
        kill_group(process)
        raise
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if process.returncode != 0:
        raise failure_of(process.returncode, tail)
    return tail


def _follow(
    process: subprocess.Popen[bytes],
    expected_s: float,
    report: Callable[[float], None],
    ends_at: float,
    deadline_s: float,
) -> str:
    """Read both pipes until ffmpeg ends; return the tail of stderr."""
    assert process.stdout is not None and process.stderr is not None
    lines: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
    leftovers: dict[IO[bytes], bytes] = {process.stdout: b"", process.stderr: b""}
    fraction = 0.0
    with selectors.DefaultSelector() as selector:
        for pipe in leftovers:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(POLL_S):
                pipe = process.stdout if key.fileobj is process.stdout else process.stderr
                chunk = os.read(key.fd, 65536)
                *complete, leftovers[pipe] = (leftovers[pipe] + chunk).replace(b"\r", b"\n").split(b"\n")
                if not chunk:
                    selector.unregister(pipe)
                    complete, leftovers[pipe] = [leftovers[pipe]], b""
                # A line that never ends must not fill the memory.
                leftovers[pipe] = leftovers[pipe][-65536:]
                for raw in complete:
                    line = raw.decode("utf-8", "replace").strip()[:STDERR_LINE_CHARS]
                    if pipe is process.stderr and line:
                        lines.append(line)
                    elif line.startswith("out_time_us="):
                        fraction = max(fraction, _fraction_done(line.partition("=")[2], expected_s))
            report(fraction)
            if time.monotonic() > ends_at:
                raise DeadlineExceeded(f"ffmpeg did not finish within {deadline_s:.0f} s", deadline_s=deadline_s)
    process.wait(timeout=max(1.0, ends_at - time.monotonic()))
    return "\n".join(lines)


def _fraction_done(out_time_us: str, expected_s: float) -> float:
    """ffmpeg says N/A before the first packet, and may write a little more than it was expected to."""
    try:
        done_s = int(out_time_us) / 1e6
    except ValueError:
        return 0.0
    return min(1.0, max(0.0, done_s / expected_s)) if expected_s > 0 else 0.0


def kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # It ended between the decision and the kill.
    process.wait()


def failure_of(returncode: int, stderr_tail: str) -> StepError:
    """The error of our tree for an ffmpeg whose shell ended with `returncode`."""
    facts = {"returncode": returncode, "stderr": stderr_tail}
    last_line = without_paths(stderr_tail.rpartition("\n")[2])
    if "No space left on device" in stderr_tail or "Disk quota exceeded" in stderr_tail:
        return StorageFull("the disk is full: ffmpeg could not write its output", **facts)
    if returncode - _SHELL_SIGNAL_BASE in _KILLS:
        return TransientError(f"ffmpeg was ended by {_KILLS[returncode - _SHELL_SIGNAL_BASE].name}", **facts)
    said = next((words for words in _MACHINE_WORDS if words in stderr_tail), None)
    if said is not None:
        return TransientError(f"ffmpeg failed: {said}", **facts)
    if "Invalid data found when processing input" in stderr_tail or "moov atom not found" in stderr_tail:
        return BadMedia(f"ffmpeg could not read its input: {last_line}", **facts)
    return PermanentError(f"ffmpeg failed: {last_line}", **facts)
