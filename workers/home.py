"""The farm's data folder: whether it can be used, who runs a farm on it, and where that farm answers."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from config.settings import MIN_FREE_MIB
from workers.pid_space import is_alive

POLL_S = 0.05
# A client that looks whether a farm runs holds the lock for an instant; that is no farm.
PASSING_LOOK_S = 0.5
# The guardian of a killed farm needs up to three stages of grace to end its processes.
GUARDIAN_S = 15.0


class HomeError(Exception):
    """The data folder cannot be used; the message says why."""


class FarmRunning(Exception):
    """Another farm holds the data folder."""


@dataclass(frozen=True)
class FarmRecord:
    """What farm.json says of a running farm. `started_at` is ISO 8601 in UTC."""

    url: str
    flower_url: str | None
    pid: int
    started_at: str


def prepare_home(home: Path) -> None:
    """Make the folder and try it, or raise HomeError: missing rights, a read-only or a full disk are said here."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except FileExistsError:
        raise HomeError(f"{home} is a file; the data folder must be a folder.") from None
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
        raise HomeError(f"{home} cannot be written: {reason}. Set SCENEWORKS_HOME to another folder.") from None
    free_mib = shutil.disk_usage(home).free // 2**20
    if free_mib < MIN_FREE_MIB:
        raise HomeError(f"Only {free_mib} MiB are free on the disk of {home}; a farm needs {MIN_FREE_MIB} MiB.")


class FarmLock:
    """The right to run a farm on a data folder: an exclusive lock on farm.lock, which names its owner.

    `fd` may be handed to another process, which then holds the same lock.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def name_owner(self, pid: int, url: str | None) -> None:
        text = json.dumps({"pid": pid, "url": url}).encode()
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text, 0)


def take_farm_lock(home: Path, wait_s: float = GUARDIAN_S) -> FarmLock:
    """Lock the data folder, or raise FarmRunning.

    When the owner has died, its guardian is still ending its processes; that is waited for.
    """
    fd = os.open(home / "farm.lock", os.O_RDWR | os.O_CREAT, 0o644)
    begun = time.monotonic()
    while not _try_lock(fd, fcntl.LOCK_EX):
        pid, url = _read_owner(fd)
        waited_s = time.monotonic() - begun
        if waited_s > (PASSING_LOOK_S if pid is not None and is_alive(pid) else wait_s):
            os.close(fd)
            where = ", ".join(part for part in (f"pid {pid}" if pid else "", url or "") if part)
            raise FarmRunning(f"A farm is already running on {home}" + (f" ({where})." if where else "."))
        time.sleep(POLL_S)
    lock = FarmLock(fd)
    lock.name_owner(os.getpid(), None)
    return lock


def farm_holds(home: Path) -> bool:
    """Whether a farm, or the guardian that ends one, holds the data folder."""
    try:
        fd = os.open(home / "farm.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def write_farm_record(path: Path, record: FarmRecord) -> None:
    """Replace farm.json in one step: a reader sees the old one or the new one, never a half."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def read_farm_record(path: Path) -> FarmRecord | None:
    """What farm.json says; None when there is none or it is not one of ours."""
    try:
        return FarmRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def locked(path: Path, operation: int) -> Iterator[None]:
    """Hold `path` locked (fcntl.LOCK_SH or LOCK_EX), waiting as long as it takes."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, operation)
        yield
    finally:
        os.close(fd)


def _try_lock(fd: int, operation: int) -> bool:
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_owner(fd: int) -> tuple[int | None, str | None]:
    try:
        owner = json.loads(os.pread(fd, 4096, 0))
        return int(owner["pid"]), owner["url"]
    except (ValueError, TypeError, KeyError):
        return None, None
