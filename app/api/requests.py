"""Around each request: its correlation id, its log line, the headers that every answer has."""

from __future__ import annotations

import re
import time
from typing import Any

import structlog
from flask import Flask, Response, g, request

from app.domain.ids import is_id, new_id
from app.services.caller import Caller

log = structlog.get_logger()

CORRELATION_HEADER = "x-correlation-id"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Asked every few seconds by whoever watches the farm; a line each would bury the rest.
QUIET = "/health/"


def follow_requests(app: Flask) -> None:
    """Give every request its correlation id and every answer its headers and one log line."""
    app.before_request(begin)
    app.after_request(end)


def begin() -> None:
    g.started_s = time.perf_counter()
    g.correlation_id = correlation_id(request.headers.get(CORRELATION_HEADER))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(correlation_id=g.correlation_id)


def correlation_id(given: str | None) -> str:
    """The caller's own when it is well formed; else a new one."""
    return given if given is not None and WELL_FORMED.fullmatch(given) else new_id("req")


def end(response: Response) -> Response:
    response.headers[CORRELATION_HEADER] = g.correlation_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "private, no-cache")
    write = log.debug if request.path.startswith(QUIET) else log.info
    write(
        "request",
        method=request.method,
        # The rule, not the path: lines of one route can be counted, and no id of a stranger's making is written.
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        ms=round((time.perf_counter() - g.started_s) * 1000, 1),
        **who_and_what(),
    )
    return response


def who_and_what() -> dict[str, Any]:
    """Who asked (never the key itself), for which job, and which job was made; what there is not is left out."""
    caller: Caller | None = g.get("caller")
    asked_for = str((request.view_args or {}).get("job_id", ""))
    about = {
        "org": None if caller is None else caller.org_id,
        "key_id": None if caller is None else caller.key_id,
        "user": None if caller is None else caller.user_id,
        # In the form of ours alone: anything else is a stranger's text.
        "job_id": asked_for if is_id(asked_for) else None,
        "made": g.get("made"),
    }
    return {name: value for name, value in about.items() if value is not None}
