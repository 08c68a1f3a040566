"""Every exception in the one error envelope: ours, Flask's, pydantic's, the database's, and what nobody foresaw."""

from __future__ import annotations

import structlog
from apiflask import HTTPError
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.api.answers import failure
from app.api.bodies import too_large
from app.api.problems import problem_of
from app.api.validation import invalid_input

log = structlog.get_logger()


def answer_errors(app: Flask) -> None:
    """Register the handler for every exception there is."""
    for kind in (Exception, HTTPException, HTTPError):
        app.register_error_handler(kind, handle)


def handle(error: Exception) -> Response:
    problem = problem_of(_translated(error))
    if problem.is_ours and not problem.is_alarming:
        log.warning("request_refused", error_code=problem.code, reason=problem.message)
    elif problem.is_ours:
        reason = f"{type(error).__name__}: {error}"
        # A traceback helps with what nobody foresaw; a database that is away needs one line.
        log.error("request_failed", error_code=problem.code, reason=reason, exc_info=problem.status == 500)
    return failure(problem)


def _translated(error: Exception) -> Exception:
    """The libraries' refusals as our own, which know the field and the limit."""
    if isinstance(error, HTTPError) and isinstance(error.__cause__, ValidationError):
        return invalid_input(error.__cause__)
    if isinstance(error, RequestEntityTooLarge):
        return too_large(request.max_content_length)
    return error
