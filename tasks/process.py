"""What a worker process has for its tasks: the farm and the heartbeat, given to it by `workers` after the fork."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.farm import Farm
from app.services.run_step import Heartbeat


@dataclass(frozen=True)
class Process:
    """`worker` is the name under which its worker stands in the database."""

    worker: str
    farm: Farm
    heartbeat: Heartbeat


_current: Process | None = None


def enter_process(process: Process) -> None:
    """Called once in each process (and again in each child) before its first task."""
    global _current
    _current = process


def this_process() -> Process:
    if _current is None:
        raise RuntimeError("No task runs before its worker process has been set up.")
    return _current
