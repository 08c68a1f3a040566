"""Requests that make something: known again by their `Idempotency-Key`; jobs are answered with where to follow them."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Response, current_app, g, request, url_for
from pydantic import BaseModel

from app.api.answers import success
from app.api.context import current_caller, current_correlation_id, current_farm
from app.api.facts import SentAgain, facts_of
from app.api.presenters import present_job
from app.domain.errors import InvalidInput
from app.domain.ids import canonical_hash
from app.services.answer_once import Accepted, answer_once
from app.services.asking import Asking, RequestKey
from app.services.caller import Caller

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
IS_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def asking(body: BaseModel | None = None, *, fingerprint: str | None = None, hidden: str | None = None) -> Asking:
    """The request in hand, as the services know it. What it brings is its JSON `body`, or has this `fingerprint`.

    The body's field `hidden` is no part of its fingerprint, which is stored and would let a password be guessed.
    """
    caller = current_caller()
    key = request.headers.get(IDEMPOTENCY_HEADER)
    known = None
    if key is not None:
        left_out = {hidden} if hidden else None
        given = {} if body is None else body.model_dump(mode="json", exclude_unset=True, exclude=left_out)
        known = RequestKey(key, request_route(), fingerprint or canonical_hash(given))
    return Asking(caller.org_id, current_correlation_id(), known, caller, request.remote_addr)


def asking_as(caller: Caller) -> Asking:
    """The request in hand of someone who is known otherwise than by `current_caller`: a page's form."""
    return Asking(caller.org_id, current_correlation_id(), caller=caller, ip=request.remote_addr)


def check_idempotency_key() -> None:
    """Before a view: InvalidInput for a key that cannot be one, also where none is needed."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is not None and not IS_IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidInput(IDEMPOTENCY_HEADER, "An Idempotency-Key has 1 to 255 visible ASCII characters.")


def request_route() -> str:
    """Method and path. Built from the route, so that a slash at the end is the same address."""
    assert request.endpoint is not None
    return f"{request.method} {url_for(request.endpoint, **request.view_args or {})}"


def accepted_answer(accepted: Accepted) -> Response:
    """202 with the job, `Location`, and `Idempotent-Replayed` when it had been made before."""
    assert _said() is SentAgain.SAME_JOB
    # For the request's line in the log.
    g.made = accepted.job.id
    response = success(present_job(accepted.job), 202, Location=url_for("jobs.show", job_id=accepted.job.id))
    return _marked(response, accepted.replayed)


def kept_answer(
    body: BaseModel | None,
    act: Callable[[Asking], BaseModel],
    *,
    status: int = 200,
    fingerprint: str | None = None,
    hidden: str | None = None,
    told_once: str | None = None,
    **headers: str,
) -> Response:
    """What `act` answers to the request in hand, done once for each Idempotency-Key and then repeated word for word.

    The answer's field `told_once` is not stored, and null when it is repeated. `body`, `fingerprint` and `hidden` as
    `asking` has them.
    """
    assert _said() is SentAgain.KEPT
    asked = asking(body, fingerprint=fingerprint, hidden=hidden)
    answered = answer_once(current_farm(), asked, lambda: act(asked).model_dump(mode="json"), told_once)
    return _marked(success(answered.data, status, **headers), answered.replayed)


def next_of_a_job(place: str) -> dict[str, dict[str, str]]:
    """What can be asked of a job whose id stands in this place of an answer (`app.api.facts.Facts.leads_to`)."""
    following = ("getJob", "listSteps", "cancelJob", "retryJob", "restartJob")
    return {operation: {"job_id": place} for operation in following}


def _said() -> SentAgain | None:
    """What the route says of a request that is sent again: the document tells it, so it must be so."""
    return facts_of(current_app, request.endpoint).sent_again


def _marked(response: Response, replayed: bool) -> Response:
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response
