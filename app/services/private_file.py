"""A small file that its owner alone can read: written whole or not at all, and by one process alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def read_private(path: Path) -> str | None:
    """What stands in the file, without the line's end; None when there is none."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None


def write_private(path: Path, text: str, *, replace: bool = False) -> str:
    """Put `text` into the file (mode 0600) in one step; what stands there when another process was quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file readable by its owner alone before the first byte is in it.
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(partial, path)
            return text
        try:
            os.link(partial, path)
            return text
        except FileExistsError:
            return read_private(path) or text
    finally:
        Path(partial).unlink(missing_ok=True)
