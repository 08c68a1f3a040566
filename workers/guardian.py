"""Ends the farm's processes when the farm itself was killed.

    python -S -E -m workers.guardian FARM_FILE  <  the read end of the farm's pipe

Nothing can catch kill -9, but a pipe tells: when the farm dies, in whatever way, the kernel
closes its end. The guardian reads the programs from it (`+PID STAGE`, `-PID`), and at its end
stops what is left, stage by stage. It shares the open farm.lock, so the data folder stays
locked until the last process has gone. It takes part in no terminal and ignores the signals
that would end the farm politely.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from workers.process_tree import end_all

GRACE_S = 3.0


def read_programs(lines: Iterable[str]) -> dict[int, int]:
    """Follow the farm's reports to their end; return the pids that still count, each with its stage."""
    stages: dict[int, int] = {}
    for line in lines:
        # A last line cut short by the farm's death is not a report.
        if not line.endswith("\n"):
            break
        if line.startswith("+"):
            pid, stage = line[1:].split()
            stages[int(pid)] = int(stage)
        elif line.startswith("-"):
            stages.pop(int(line[1:]), None)
    return stages


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    stages = read_programs(sys.stdin)
    # First of all, so that nobody is sent to a farm that is going away.
    Path(sys.argv[1]).unlink(missing_ok=True)
    for stage in sorted(set(stages.values())):
        end_all([pid for pid, its in stages.items() if its == stage], GRACE_S)


if __name__ == "__main__":
    main()
