"""Rates of requests: counted before a view that makes jobs, told on its answer, and refused with 429 beyond them."""

from __future__ import annotations

import re
from typing import cast

from flask import Flask, Response, current_app, g, request

from app.api.acceptance import IDEMPOTENCY_HEADER, REPLAYED_HEADER, request_route
from app.api.context import current_caller, current_farm
from app.api.facts import Header
from app.api.policy import POLICY
from app.domain.errors import InvalidInput, RateLimited
from app.domain.rates import limit_field, policy_field, retry_after_s
from app.services.idempotency import is_answered
from app.services.rate_limits import RateLimits

END_USER_HEADER = "X-End-User"
IS_END_USER = re.compile(r"[\x21-\x7e]{1,128}")
FOR_END_USER = Header(
    END_USER_HEADER,
    "For which of your customers you ask: each has a rate of its own.",
    {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x21-\\x7e]+$"},
)
# For the description of a 429.
TOO_MUCH = "Too much for now; `Retry-After` says when to try again, if that is known"


def limit_rates(api: Flask, rates: RateLimits) -> None:
    """Hold every request that makes jobs to the rates of its caller, whom the API knows by then."""
    api.extensions["rates"] = rates
    api.before_request(count_request)
    api.after_request(tell_rates)


def current_rates() -> RateLimits:
    return cast(RateLimits, current_app.extensions["rates"])


def end_user() -> str | None:
    """For whom the caller asks, if it says so; InvalidInput for what cannot be a name."""
    name = request.headers.get(END_USER_HEADER)
    if name is not None and not IS_END_USER.fullmatch(name):
        raise InvalidInput(END_USER_HEADER, "An X-End-User has 1 to 128 visible ASCII characters.")
    return name


def count_request() -> None:
    """Before a view: count the request whatever will come of it, or raise RateLimited."""
    if request.endpoint is None or not POLICY[request.endpoint].generates:
        return
    counted = current_rates().count(current_caller(), end_user())
    if counted is None:
        return
    g.counted = counted
    if counted.fits or _is_replay():
        return
    full = next(state for state in counted.states if state.left == 0)
    whose = "your organisation" if full.name == "org" else "you"
    raise RateLimited(
        f"At most {full.rate.requests} requests in {full.rate.window_s} s are taken from {whose}.",
        retry_after_s(counted.states),
        limit=full.name,
        requests=full.rate.requests,
        window_s=full.rate.window_s,
    )


def tell_rates(response: Response) -> Response:
    """After a view: what is left. An answer that was given before has cost nothing."""
    counted = g.get("counted")
    if counted is None:
        return response
    states = counted.states
    if counted.fits and REPLAYED_HEADER in response.headers:
        current_rates().give_back(counted)
        states = tuple(state.with_one_more() for state in states)
    response.headers["RateLimit-Policy"] = policy_field(states)
    response.headers["RateLimit"] = limit_field(states)
    return response


def _is_replay() -> bool:
    """Whether the answer is there already. Asked only of requests for which there is no room left."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    return key is not None and is_answered(current_farm().database, current_caller().org_id, request_route(), key)
