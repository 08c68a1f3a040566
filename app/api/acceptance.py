"""Requests that make a job: known again by their `Idempotency-Key`, and answered with 202 and where to follow it."""

from __future__ import annotations

import re

from flask import Response, g, request, url_for
from pydantic import BaseModel

from app.api.answers import success
from app.api.context import current_caller, current_correlation_id
from app.api.presenters import present_job
from app.domain.errors import InvalidInput
from app.domain.ids import canonical_hash
from app.services.answer_once import Accepted
from app.services.asking import Asking, RequestKey

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
IS_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def asking(body: BaseModel | None = None) -> Asking:
    """The request in hand, as the services know it."""
    caller = current_caller()
    return Asking(caller.org_id, current_correlation_id(), request_key(body), caller, request.remote_addr)


def request_key(body: BaseModel | None) -> RequestKey | None:
    """The caller's key for this request, if it sent one; InvalidInput for one that cannot be."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not IS_IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidInput(IDEMPOTENCY_HEADER, "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    given = {} if body is None else body.model_dump(mode="json", exclude_unset=True)
    return RequestKey(key, request_route(), canonical_hash(given))


def request_route() -> str:
    """Method and path. Built from the route, so that a slash at the end is the same address."""
    assert request.endpoint is not None
    return f"{request.method} {url_for(request.endpoint, **request.view_args or {})}"


def accepted_answer(accepted: Accepted) -> Response:
    """202 with the job, `Location`, and `Idempotent-Replayed` when it had been made before."""
    # For the request's line in the log.
    g.made = accepted.job.id
    response = success(present_job(accepted.job), 202, Location=url_for("jobs.show", job_id=accepted.job.id))
    if accepted.replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response
