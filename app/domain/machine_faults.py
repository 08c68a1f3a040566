"""What the machine fails at is no fault of the work: a full or broken disk, a folder that has gone, no memory left."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import StorageFull, TransientError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# What libraries say of content that makes no sense to them; libav's AAC decoder knows no better word than EPERM.
_OF_CONTENT = {errno.EINVAL, errno.EDOM, errno.ERANGE, errno.ENOSYS, errno.EILSEQ, errno.EOVERFLOW, errno.EPERM}
_PATH = re.compile(r"(?<![\w.])(?:file:)?/[^:'\"]*")


@contextmanager
def machine_faults(doing: str) -> Iterator[None]:
    """Raise StorageFull or TransientError for what the machine fails at while `doing` (a gerund: "writing the clip").

    All else passes as it is.
    """
    try:
        yield
    except Exception as error:
        if not is_machines(error):
            raise
        raise machine_fault(error, doing) from error


def is_machines(error: BaseException) -> bool:
    """Whether the operating system has failed; its errors carry its number, and libraries' own have others or none."""
    number = getattr(error, "errno", None)
    return number in errno.errorcode and number not in _OF_CONTENT


def machine_fault(error: BaseException, doing: str) -> TransientError:
    """A retry may help: a next attempt has a new folder, and perhaps another machine."""
    if getattr(error, "errno", None) in _FULL:
        return StorageFull(f"the disk is full: failed {doing}; free some space, and the work resumes by itself")
    return TransientError(f"failed {doing}: {words_of(error)}")


def words_of(error: BaseException) -> str:
    """What an error says, without the name of a file of ours: a customer reads it."""
    return getattr(error, "strerror", None) or without_paths(said_by(error))


def said_by(error: BaseException) -> str:
    """`str(error)`, also where the exception of an effect or a library fails at that."""
    try:
        return str(error)
    except Exception:
        return "it does not say what"


def without_paths(text: str) -> str:
    return _PATH.sub("…", text)
