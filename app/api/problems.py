"""Every failure as what the caller is told: a status, a code for programs, a sentence for people."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ClientDisconnected, HTTPException

from app.domain import errors
from app.models.database import is_connection_trouble, is_out_of_space
from app.services.idempotency import IdempotencyMismatch

RETRY_AFTER_S = 5

# The first class that fits counts, so the narrower ones stand first.
STATUS_OF: tuple[tuple[type[errors.SceneworksError], int], ...] = (
    (errors.InvalidInput, 422),
    (errors.UnsupportedMedia, 422),
    (errors.TooLarge, 413),
    (errors.ProviderNotConfigured, 422),
    (errors.Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (IdempotencyMismatch, 422),
    (errors.Conflict, 409),
    (errors.LimitReached, 429),
    (errors.RequestError, 400),
    (errors.Gone, 410),
    (errors.ServiceUnavailable, 503),
    (errors.TransientError, 503),
)

CODE_OF_STATUS = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    412: "PRECONDITION_FAILED",
    413: "TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_CONTENT_TYPE",
    416: "RANGE_NOT_SATISFIABLE",
    431: "HEADERS_TOO_LARGE",
}
MESSAGE_OF_STATUS = {
    404: "There is nothing at this address. /docs says what there is.",
    405: "This address does not answer that method.",
    412: "It is not as If-Match or If-Unmodified-Since says.",
    414: "The address is too long.",
    416: "The file has no such bytes.",
    431: "The headers are too long, or too many.",
}

INTERNAL = "Something went wrong on our side. The correlation id finds it in the logs."
DISK_FULL = "The farm's disk is full. Nothing was stored; try again when there is room."
# It may have gone between a commit and its answer, so this does not say that nothing was stored.
DATABASE_AWAY = "The database does not answer now. Try again: with the same Idempotency-Key nothing is made twice."


@dataclass(frozen=True)
class Problem:
    """`headers` come on top of the usual ones; `is_ours` when the operator, not the caller, has to act, and
    `is_alarming` unless that can wait."""

    status: int
    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_alarming: bool = True

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    @property
    def is_ours(self) -> bool:
        return self.status >= 500 or self.code == errors.Gone.code


class WrongContentType(errors.RequestError):
    """415: the body is not of a type that this address reads."""

    code = CODE_OF_STATUS[415]


class MalformedBody(errors.RequestError):
    """400: the body is not what its Content-Type says."""

    code = "MALFORMED_BODY"


def problem_of(error: BaseException) -> Problem:
    """What to answer for an exception that left a view. What nobody foresaw is a 500 that says nothing."""
    match error:
        case WrongContentType():
            return Problem(415, error.code, error.message)
        case errors.SceneworksError():
            return _of_product(error)
        case ClientDisconnected():
            return Problem(400, MalformedBody.code, "The body broke off, or took too long to arrive.")
        case HTTPException():
            return _of_http(error)
        case SQLAlchemyError() if is_out_of_space(error):
            return _unavailable("STORAGE_FULL", DISK_FULL)
        case SQLAlchemyError() if is_connection_trouble(error):
            return _unavailable("SERVICE_UNAVAILABLE", DATABASE_AWAY)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return _unavailable("STORAGE_FULL", DISK_FULL)
    return Problem(500, "INTERNAL", INTERNAL)


def _of_product(error: errors.SceneworksError) -> Problem:
    status = next((status for known, status in STATUS_OF if isinstance(error, known)), 500)
    if status == 500:
        return Problem(500, "INTERNAL", INTERNAL)
    message = _with_field(error) if isinstance(error, errors.InvalidInput) else error.message
    return Problem(status, error.code, message, error.details, _headers_of(error, status), error.is_alarming)


def _headers_of(error: errors.SceneworksError, status: int) -> Mapping[str, str]:
    if isinstance(error, errors.LimitReached):
        return {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, errors.RequestInFlight):
        return {"Retry-After": "1"}
    return {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_AFTER_S)}}.get(status, {})


def _with_field(error: errors.InvalidInput) -> str:
    """`voice: There is no such voice.`: pydantic's faults name their field in the message, and so do all others."""
    prefix = f"{error.field}: "
    return error.message if error.message.startswith(prefix) else prefix + error.message


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    if status >= 500:
        return Problem(500, "INTERNAL", INTERNAL)
    headers = {name: value for name, value in error.get_headers() if name.lower() in ("allow", "content-range")}
    message = MESSAGE_OF_STATUS.get(status) or f"{HTTPStatus(status).phrase}."
    return Problem(status, CODE_OF_STATUS.get(status, "BAD_REQUEST"), message, {}, headers)


def unreadable(status: int) -> Problem:
    """What to answer for a request that the web server could not read, so that no view ever saw it."""
    if status == 500:
        return Problem(500, "INTERNAL", INTERNAL)
    message = MESSAGE_OF_STATUS.get(status, "This is not an HTTP request that can be read.")
    return Problem(status, CODE_OF_STATUS.get(status, "BAD_REQUEST"), message)


def _unavailable(code: str, message: str) -> Problem:
    return Problem(503, code, message, {}, {"Retry-After": str(RETRY_AFTER_S)})
