"""A client and its farm: find the one that runs, or start one that lives as long as it is used.

Every client holds a shared lock on clients.lock; a farm started `--while-used` stops when it can
lock that file alone. The kernel drops a dead client's lock, so no count can go wrong.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workers.health import answers
from workers.home import farm_holds, locked, prepare_home, read_farm_record
from workers.output import last_lines, open_log

ROOT = Path(__file__).resolve().parents[1]
POLL_S = 0.03
READY_WITHIN_S = 90.0


class FarmNotStarted(Exception):
    """The farm did not come up; the message ends with the last lines of its log."""


@contextmanager
def use_farm(home: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The address of a farm, kept alive while the block runs: SCENEWORKS_URL, else the farm on `home`.

    Raises HomeError when the folder cannot be used, FarmNotStarted when no farm comes up.
    """
    if elsewhere := environment.get("SCENEWORKS_URL", "").strip():
        yield elsewhere.rstrip("/")
        return
    prepare_home(home)
    with hold_presence(home):
        yield find_or_start_farm(home, environment)


@contextmanager
def hold_presence(home: Path) -> Iterator[None]:
    """Be counted as a user of the farm on `home`; first waits while one that nobody used is stopping."""
    with locked(home / "clients.lock", fcntl.LOCK_SH):
        yield


def try_to_end_presence(home: Path) -> int | None:
    """For the farm: lock out the clients if there are none. Returns the locked descriptor, to be kept until exit."""
    fd = os.open(home / "clients.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def find_or_start_farm(
    home: Path, environment: Mapping[str, str] = os.environ, ready_within_s: float = READY_WITHIN_S
) -> str:
    """The address of the farm on `home`; the caller holds its presence there.

    Two clients at once share one farm: the second waits on start.lock and then finds it. A farm
    that is going away, or was killed, is waited for before the next one is started.
    """
    log = home / "logs" / "farm.log"
    deadline = time.monotonic() + ready_within_s
    farm: subprocess.Popen[bytes] | None = None
    with locked(home / "start.lock", fcntl.LOCK_EX):
        while time.monotonic() < deadline:
            if (url := live_farm(home)) is not None:
                return url
            if not farm_holds(home):
                if farm is None:
                    farm = _start_farm(home, environment, log)
                elif farm.poll() is not None:
                    raise FarmNotStarted(_explain(f"The farm ended with exit code {farm.returncode}", log))
            time.sleep(POLL_S)
    raise FarmNotStarted(_explain(f"No farm answered within {ready_within_s:g} s", log))


def live_farm(home: Path) -> str | None:
    """The address of a farm that runs on `home` and answers. farm.json alone may be a killed farm's."""
    record = read_farm_record(home / "farm.json")
    if record is not None and farm_holds(home) and answers(record.url):
        return record.url
    return None


def _start_farm(home: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a farm in a session of its own: the client's Ctrl-C is not the farm's."""
    output = open_log(log)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "workers.farm", "--while-used", "--quiet", "--port", "0", "--no-flower"],
            cwd=ROOT,
            env={**environment, "SCENEWORKS_HOME": str(home.absolute()), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(output)


def _explain(what: str, log: Path) -> str:
    lines = last_lines(log, 20)
    return "\n".join([f"{what}. The end of {log}:", *(f"  {line}" for line in lines or ["(empty)"])])
