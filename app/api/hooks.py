"""What happens around every view, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask

from app.api.acceptance import check_idempotency_key
from app.api.auth import know_caller
from app.api.bodies import refuse_compression, refuse_nul, refuse_repeats
from app.api.body_clock import BodyClock, hold_bodies
from app.api.cors import allow_origins
from app.api.policy import require_access
from app.api.rate import limit_rates
from app.api.requests import follow_requests
from app.services.rate_limits import RateLimits


def register_hooks(api: Flask, clock: BodyClock, origins: Collection[str], rates: RateLimits) -> None:
    """Flask runs them in this order before a view, until one of them answers or raises, and what they do with its
    answer in the opposite order."""
    # The correlation id comes first, for every refusal carries it; and the log line last, when the answer is whole.
    follow_requests(api)
    # Nothing has read of the body yet.
    hold_bodies(api, clock)
    # A browser asks beforehand whether its page may, and sends no key with that.
    allow_origins(api, origins)
    # What cannot be read as it was meant is refused before anything is looked up for it.
    api.before_request(refuse_nul)
    api.before_request(refuse_repeats)
    api.before_request(refuse_compression)
    # Who is a stranger learns no more than that: neither what else is wrong, nor whether there is such a route.
    api.before_request(know_caller)
    api.before_request(check_idempotency_key)
    api.before_request(require_access)
    # The caller's rate counts what the caller may do.
    limit_rates(api, rates)
