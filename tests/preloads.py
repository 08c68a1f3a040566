"""Machines that misbehave, for some processes only: small C libraries, built by the test and preloaded.

`slow_fsync.c` is a disk that takes its time to sync, as a busy network disk does; `wrong_clock.c` a clock that is off.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
NOT_PRELOADED = {"LD_PRELOAD": ""}


def skip_reason_for_preloads() -> str | None:
    """Why nothing can be preloaded here; None where it can, and in CI, where it must."""
    if os.environ.get("CI") == "true":
        return None
    return None if os.uname().sysname == "Linux" and shutil.which("cc") else "it takes Linux and a C compiler (cc)"


class SlowDisk:
    """The files below `below` for every process that is given `environment`. It is quick until it is told otherwise."""

    def __init__(self, below: Path, workshop: Path) -> None:
        self._delay_file = workshop / "fsync-delay"
        self.take(0)
        self.environment = {
            "LD_PRELOAD": str(built("slow_fsync", workshop)),
            "SLOW_FSYNC_BELOW": str(below),
            "SLOW_FSYNC_FILE": str(self._delay_file),
        }

    def take(self, delay_s: float) -> None:
        """From now on each sync takes this much longer."""
        self._delay_file.write_text(str(delay_s))


class WrongClock:
    """The time of day for every process that is given `environment`, and for its children."""

    def __init__(self, workshop: Path, offset_s: int = 0) -> None:
        self._file = workshop / "clock"
        self._file.write_bytes(struct.pack("q", offset_s))
        self.environment = {
            "LD_PRELOAD": str(built("wrong_clock", workshop)),
            "WRONG_CLOCK_FILE": str(self._file),
        }

    def put(self, offset_s: int) -> None:
        """From now on the clock is off by so much."""
        # In place: the processes have the file mapped.
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", offset_s))


def built(name: str, workshop: Path) -> Path:
    """The library made from `<name>.c`."""
    library = workshop / f"{name}.so"
    command: list[str | Path] = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library]
    subprocess.run([*command, HERE / f"{name}.c"], check=True)
    return library
