"""Paths that the machine really fails at: a folder that has gone, a file in its place, a disk that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

FULL_DISK = Path("/dev/full")
# It can be opened, and its first byte lies where no process has memory: reading it is EIO.
BROKEN_DISK = Path("/proc/self/mem")


def in_a_gone_folder(folder: Path) -> Path:
    return folder / "gone" / "file"


def in_a_file(folder: Path) -> Path:
    (folder / "plain").write_bytes(b"in the place of a folder")
    return folder / "plain" / "file"


def on_a_broken_disk(folder: Path) -> Path:
    (folder / "broken").symlink_to(BROKEN_DISK)
    return folder / "broken"


UNREADABLE: Mapping[str, Callable[[Path], Path]] = {
    "gone": in_a_gone_folder,
    "in a file": in_a_file,
    "on a broken disk": on_a_broken_disk,
}
UNWRITABLE: Mapping[str, Callable[[Path], Path]] = {"gone": in_a_gone_folder, "in a file": in_a_file}
