"""Which processes belong to one of ours, and how to end them all.

Every program of the farm leads a session of its own. What it starts is found again by three
signs: the session, the process group, or the chain of parents. FFmpeg started in a group of
its own is found by its session even after its parent was killed.

Standard library only: the guardian runs it without site-packages.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.05


@dataclass(frozen=True)
class Process:
    """One line of the process table. `pgid` and `sid` are 0 when the process was gone before they could be read."""

    pid: int
    ppid: int
    pgid: int
    sid: int


def running_processes() -> list[Process]:
    """Every process that still runs; a zombie has ended and is left out."""
    rows = _rows_of_proc() if Path("/proc/self/stat").exists() else _rows_of_ps()
    return [_with_groups(pid, ppid) for pid, ppid, state in rows if not state.startswith("Z")]


def members(leaders: Iterable[int], table: list[Process]) -> set[int]:
    """The pids in `table` that are one of `leaders` or belong to one, by session, group or ancestry."""
    roots = set(leaders)
    found = {process.pid for process in table if roots & {process.pid, process.pgid, process.sid}}
    while True:
        children = {process.pid for process in table if process.ppid in found} - found
        if not children:
            return found
        found |= children


def end_all(leaders: Iterable[int], grace_s: float) -> None:
    """Ask the leaders to stop; after `grace_s` seconds kill whatever is left of them and of what they started.

    Only the leaders are asked: a Celery master finishes its tasks on SIGTERM, while its pool
    processes would drop theirs.
    """
    roots = set(leaders)
    deadline = time.monotonic() + grace_s
    # Once a parent has gone, a child in a session of its own cannot be told from a stranger: remember it.
    seen = family = members(roots, running_processes())
    for pid in roots & family:
        send(pid, signal.SIGTERM)
    while roots & family and time.monotonic() < deadline:
        time.sleep(POLL_S)
        family = members(roots, running_processes())
        seen |= family
    kill_all(roots | seen)


def kill_all(leaders: Iterable[int], within_s: float = 5.0) -> None:
    """SIGKILL every process of `leaders` and wait until none runs.

    They are halted first: a process that were killed while it starts another would leave that one
    without a parent to know it by.
    """
    roots = set(leaders)
    family: set[int] = set()
    while fresh := members(roots | family, running_processes()) - family:
        for pid in fresh:
            send(pid, signal.SIGSTOP)
        family |= fresh
    for pid in family:
        send(pid, signal.SIGKILL)
    deadline = time.monotonic() + within_s
    while family & {process.pid for process in running_processes()} and time.monotonic() < deadline:
        time.sleep(POLL_S / 5)


def send(pid: int, number: signal.Signals) -> None:
    """Signal one process; one that has already gone is what we wanted."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _rows_of_proc() -> Iterable[tuple[int, int, str]]:
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path("/proc", entry, "stat").read_text(errors="replace")
        except OSError:
            continue
        # The command's name stands in parentheses and may itself hold spaces and parentheses.
        state, ppid = stat.rpartition(")")[2].split()[:2]
        yield int(entry), int(ppid), state


def _rows_of_ps() -> Iterable[tuple[int, int, str]]:
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,state="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, ppid, state = line.split()[:3]
        yield int(pid), int(ppid), state


def _with_groups(pid: int, ppid: int) -> Process:
    try:
        return Process(pid, ppid, os.getpgid(pid), os.getsid(pid))
    except OSError:
        return Process(pid, ppid, 0, 0)
