"""Whether the disks that the farm writes to have room, asked before more work is taken on.

A farm that fills its disks to the last byte can finish nothing of what it has accepted. So it stops accepting a little
earlier, its workers take nothing new, and both go on by themselves when somebody has made room.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import StorageFull


@dataclass(frozen=True)
class Room:
    """The folders that must keep `floor_bytes` free each, by what they are called before strangers (`the storage`)."""

    folders: Mapping[str, Path]
    floor_bytes: int

    def full_folder(self) -> str | None:
        """What the first folder without room is called. Costs a system call or two for each of them."""
        for name, folder in self.folders.items():
            # A disk that cannot even be asked is for whoever writes to it to complain of.
            with contextlib.suppress(OSError):
                if shutil.disk_usage(nearest_existing(folder)).free < self.floor_bytes:
                    return name
        return None

    def check(self) -> None:
        """Raise StorageFull when more work should not be taken on now."""
        full = self.full_folder()
        if full is not None:
            raise StorageFull(f"The disk of {full} is full. Nothing was stored; try again when there is room.")


# For farms that count on their disks.
BOUNDLESS = Room({}, 0)


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that has been made already."""
    return next(place for place in (folder, *folder.parents) if place.exists())
