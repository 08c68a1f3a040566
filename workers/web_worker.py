"""Gunicorn's worker, whose own refusals speak as the API does: requests that no application ever sees.

An address or a header that is too long, a request that is no HTTP: gunicorn answers those with a page of its own, and
writes what was wrong with them, a key perhaps, into the log.
"""

from __future__ import annotations

import json
import socket
from typing import Any

import structlog
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from app.domain.ids import new_id

log = structlog.get_logger()

# The first class that fits counts; what is none of them is no fault of the caller's.
STATUS_OF: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ConfigurationProblem, 500),
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ExpectationFailed, 417),
    (errors.ForbiddenProxyRequest, 403),
    (errors.ParseException, 400),
)


class WebWorker(ThreadWorker):
    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Refuse a request that could not be read, in the error envelope; the connection ends with it."""
        status = next((status for known, status in STATUS_OF if isinstance(exc, known)), 500)
        correlation_id = new_id("req")
        if status == 500:
            log.error("request_failed", correlation_id=correlation_id, exc_info=exc)
        else:
            # Not what it says: it quotes the request.
            log.warning("request_unreadable", correlation_id=correlation_id, status=status, reason=type(exc).__name__)
        try:
            util.write_nonblock(client, answer(status, correlation_id))
        except OSError as error:
            log.debug("refusal_not_sent", correlation_id=correlation_id, reason=str(error))


def answer(status: int, correlation_id: str) -> bytes:
    """The whole answer as it goes over the wire."""
    # The application is loaded in this process, and not yet where gunicorn reads this file.
    from app.api.problems import unreadable

    problem = unreadable(status)
    body = json.dumps(
        {
            "ok": False,
            "error_code": problem.code,
            "message": problem.message,
            "correlation_id": correlation_id,
            "details": {},
        }
    ).encode()
    lines = [
        f"HTTP/1.1 {status} {problem.title}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"x-correlation-id: {correlation_id}",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
