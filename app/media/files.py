"""Outputs that appear whole or not at all, and the system's errors in our own words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from app.domain.errors import BadMedia, SceneworksError
from app.domain.machine_faults import is_machines, machine_fault, machine_faults, words_of

CHUNK_BYTES = 1024 * 1024


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a folder-mate of `out` to write to; it takes the name `out` on success and vanishes on failure."""
    # The folder may have gone meanwhile; that it has is told by whoever writes to it.
    with tempfile.TemporaryDirectory(prefix=".making-", dir=out.parent, ignore_cleanup_errors=True) as folder:
        partial = Path(folder) / f"output{out.suffix}"
        yield partial
        os.replace(partial, out)


@contextmanager
def named_errors(what: str) -> Iterator[None]:
    """Turn what libav and the system raise while `what` (a gerund: "joining the clips") into `app.domain.errors`."""
    try:
        with machine_faults(what):
            yield
    except (av.FFmpegError, OSError) as error:
        raise BadMedia(f"failed {what}: {words_of(error)}") from error


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Raise TransientError where it is the machine that cannot read `path` (`what`: "the picture"); all else passes.

    libav takes what it cannot read for damage, and says of damage what the system says of a broken disk or of too
    little memory. So the content is blamed only once the file could be read from end to end.
    """
    try:
        yield
    except SceneworksError:
        raise
    except Exception as error:
        check_readable(path, what)
        if is_machines(error) and not isinstance(error, av.FFmpegError):
            raise machine_fault(error, f"reading {what}") from error
        raise


def check_readable(path: Path, what: str) -> None:
    """Read it from end to end; StorageFull or TransientError when the machine cannot."""
    with machine_faults(f"reading {what}"), path.open("rb") as file:
        while file.read(CHUNK_BYTES):
            pass
