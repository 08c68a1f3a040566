"""What a view needs of its request, with types: the farm, the caller, the correlation id."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, g

from app.domain.signatures import Signer
from app.services.caller import Caller
from app.services.farm import Farm

# What APIFlask's `doc(responses=…)` takes.
Responses = dict[int | str, Any]


def current_farm() -> Farm:
    return cast(Farm, current_app.extensions["farm"])


def current_caller() -> Caller:
    """Who asks; set before any view under /api runs."""
    return cast(Caller, g.caller)


def current_signer() -> Signer:
    """What signs the addresses of files, and knows its signatures again."""
    return cast(Signer, current_app.extensions["signer"])


def admin_users() -> frozenset[str]:
    """The addresses in `ADMIN_USERS`."""
    return cast(frozenset[str], current_app.extensions["admin_users"])


def current_correlation_id() -> str:
    """What ties this answer to its log lines, and a job to the request that made it."""
    return cast(str, g.correlation_id)
