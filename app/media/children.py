"""What code that is not ours starts ends with it: the processes that an effect leaves behind are killed with its scene.

On Linux, where the kernel tells who started whom; elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PROC = Path("/proc")
# Of prctl(2): what has lost its parent becomes our child instead of init's, so that none gets away.
_PR_SET_CHILD_SUBREAPER = 36
# One that was killed may have to wait for a slow disk before it ends.
END_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.01


@contextmanager
def no_children_left() -> Iterator[None]:
    """Kill, at the end of the block, every process that was started in it and still runs.

    For processes that do one thing at a time: what another thread starts meanwhile is killed as well.
    """
    if not Path(_PROC, "self", "stat").exists():
        yield
        return
    before = _descendants()
    _adopt_orphans(True)
    try:
        yield
    finally:
        _end_all_but(before)
        _adopt_orphans(False)


def _end_all_but(spared: set[int]) -> None:
    ends_at = time.monotonic() + END_WITHIN_S
    # Again and again: a process may start another one just before it is killed.
    while (left := _descendants(spared)) and time.monotonic() < ends_at:
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            # Those of a child become ours, and are seen here, once it has gone.
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(_LOOK_EVERY_S)


def _descendants(spared: Collection[int] = ()) -> set[int]:
    """The processes that this one has started, and those that they have; those that ended unnoticed too.

    Without the `spared` and what they start: a server that was there before goes on forking for whoever asks it.
    """
    children: dict[int, list[int]] = {}
    for entry in os.listdir(_PROC):
        if entry.isdigit():
            with suppress(OSError):
                # The name, in brackets, may hold anything; behind it come the state and the parent.
                parent = Path(_PROC, entry, "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry))
    found: set[int] = set()
    reached = [os.getpid()]
    while reached:
        started = [pid for pid in children.get(reached.pop(), []) if pid not in spared]
        found.update(started)
        reached += started
    return found


def _adopt_orphans(wanted: bool) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)
