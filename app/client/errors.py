"""Every way in which a call to a farm can fail, as one tree.

    ClientError
    ├── FarmUnreachable       no answer came, for as long as we were willing to try
    ├── NotAFarm              something answered, but not as Sceneworks does
    ├── AnswerError           the farm answered, and the answer is no
    │   ├── BadRequest        4xx: the request must be changed
    │   │   ├── NotAuthorized 401: the key is missing, unknown or revoked
    │   │   ├── NotAllowed    403: the key is good and may not do this
    │   │   ├── NotFound      404
    │   │   └── Conflict      409: the thing is in a state that does not allow it
    │   └── FarmUnable        429, 5xx: the same request may succeed later
    ├── FileUnreadable        a local file could not be read while it was sent
    └── DownloadDamaged       what arrived is not what the farm promised

Exceptions of urllib3 stop at `transport.py`. Those of the local disk while an output is
written stay OSErrors: they name a file of the caller's, and no farm has a part in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of the tree. `message` is a sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FarmUnreachable(ClientError):
    pass


class NotAFarm(ClientError):
    pass


class FileUnreadable(ClientError):
    pass


class DownloadDamaged(ClientError):
    pass


class AnswerError(ClientError):
    """The farm said no. `code` is for programs; `correlation_id` finds the request in the farm's log."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        correlation_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.correlation_id = correlation_id
        self.details: Mapping[str, Any] = details or {}
        self.retry_after_s = retry_after_s


class BadRequest(AnswerError):
    pass


class NotAuthorized(BadRequest):
    pass


class NotAllowed(BadRequest):
    pass


class NotFound(BadRequest):
    pass


class Conflict(BadRequest):
    pass


class FarmUnable(AnswerError):
    pass


_BY_STATUS: Mapping[int, type[AnswerError]] = {
    401: NotAuthorized,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    429: FarmUnable,
}


def error_class(status: int) -> type[AnswerError]:
    """The class for an HTTP status of 400 and above."""
    return _BY_STATUS.get(status, BadRequest if status < 500 else FarmUnable)
