"""Outputs that appear whole or not at all, and the system's errors in our own words."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from app.domain.errors import BadMedia, PermanentError, StorageFull, TransientError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
_SHORTAGE = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a folder-mate of `out` to write to; it takes the name `out` on success and vanishes on failure."""
    with tempfile.TemporaryDirectory(prefix=".making-", dir=out.parent) as folder:
        partial = Path(folder) / f"output{out.suffix}"
        yield partial
        os.replace(partial, out)


@contextmanager
def named_errors(what: str) -> Iterator[None]:
    """Turn what libav and the system raise while `what` (a gerund: "joining the clips") into `app.domain.errors`."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        number = error.errno
        if number in _FULL:
            raise StorageFull(f"the disk is full: failed {what}") from error
        if number in _NOT_WRITABLE:
            raise PermanentError(f"failed {what}: {error.strerror}") from error
        if number in _SHORTAGE:
            raise TransientError(f"failed {what}: {error.strerror}") from error
        if number == errno.ENOENT:
            raise PermanentError(f"failed {what}: a file is missing") from error
        raise BadMedia(f"failed {what}: {error}") from error
