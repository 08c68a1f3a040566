"""Disks of a few megabytes, to be filled to the last byte: real ones, in memory, which only root can mount."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

CHUNKS_BYTES = (1024 * 1024, 4096, 1)
REFILL_EVERY_S = 0.01


def skip_reason_for_disks() -> str | None:
    """Why no disk can be mounted here; None where it can, and in CI, where it must."""
    if os.environ.get("CI") == "true":
        return None
    if os.getuid() != 0:
        return "only root can mount a disk"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(_mount(Path(folder), 1), capture_output=True, text=True)
        if tried.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)
            return None
    return f"no disk can be mounted here: {tried.stderr.strip()}"


@contextlib.contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """`folder` as a disk of its own for as long as the block."""
    folder.mkdir(parents=True)
    subprocess.run(_mount(folder, size_mib), check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """No byte is free on the disk while the block runs: what others free is taken at once."""
    filler = disk / "filler"
    ends = threading.Event()
    try:
        with filler.open("wb", buffering=0) as file:
            _fill(file.fileno())
            thread = threading.Thread(target=_keep_full, args=(file.fileno(), ends), daemon=True)
            thread.start()
            try:
                yield
            finally:
                ends.set()
                thread.join()
    finally:
        filler.unlink()


def _keep_full(descriptor: int, ends: threading.Event) -> None:
    while not ends.wait(REFILL_EVERY_S):
        _fill(descriptor)


def _fill(descriptor: int) -> None:
    for chunk_bytes in CHUNKS_BYTES:
        _write_until_full(descriptor, chunk_bytes)


def _write_until_full(descriptor: int, chunk_bytes: int) -> None:
    try:
        while os.write(descriptor, b"\0" * chunk_bytes):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _mount(folder: Path, size_mib: int) -> list[str | Path]:
    return ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "sceneworks-test", folder]
