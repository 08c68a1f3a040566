"""The two shapes of an answer: `{"ok": true, …, "data"}` and `{"ok": false, …, "error_code"}`.

Who accepts `application/problem+json` gets the second as RFC 9457 has it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request
from pydantic import BaseModel
from werkzeug.exceptions import PreconditionFailed

from app.api.context import current_correlation_id
from app.api.facts import Header
from app.api.problems import Problem
from config.redaction import redact, redact_all

PROBLEM_JSON = "application/problem+json"
# For the description of what answers with a tag, and with 304 where that is known already.
IF_NONE_MATCH = Header("If-None-Match", "An `ETag` of before.")
ETAG = {"ETag": "For `If-None-Match`."}


def success(data: BaseModel | dict[str, Any], status: int = 200, **headers: str) -> Response:
    """The envelope around `data`; a header's underscores become dashes."""
    told = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
    body = {"ok": True, "correlation_id": current_correlation_id(), "data": told}
    response = jsonify(body)
    response.status_code = status
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def refuse_failed_condition(response: Response) -> None:
    """Raise PreconditionFailed where werkzeug found that If-Match does not hold: it leaves the body as it was."""
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        response.close()
        raise PreconditionFailed


def failure(problem: Problem) -> Response:
    """The error envelope. A secret in a message stays here, be it a vendor's or one that the caller sent as a name."""
    body: dict[str, Any]
    message, correlation_id = redact(problem.message), current_correlation_id()
    wants_problem_json = request.accept_mimetypes.best_match(["application/json", PROBLEM_JSON]) == PROBLEM_JSON
    if wants_problem_json:
        body = {
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status,
            "detail": message,
            "error_code": problem.code,
            "correlation_id": correlation_id,
        }
    else:
        body = {"ok": False, "error_code": problem.code, "message": message, "correlation_id": correlation_id}
    body["details"] = redact_all(dict(problem.details))
    response = jsonify(body)
    response.status_code = problem.status
    if wants_problem_json:
        response.content_type = PROBLEM_JSON
    response.headers.extend(dict(problem.headers))
    response.headers["Cache-Control"] = "no-store"
    return response
