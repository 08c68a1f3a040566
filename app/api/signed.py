"""A request that brings a signed address instead of a key."""

from __future__ import annotations

from flask import request

from app.api.context import current_farm, current_signer
from app.api.policy import POLICY
from app.domain.errors import BadSignature
from app.domain.signatures import EXPIRES, SIGNATURE
from app.services.caller import Caller
from app.services.signed_access import signed_caller


def is_signed() -> bool:
    """Whether the request asks by its address alone; then neither a key nor a session counts."""
    return SIGNATURE in request.args


def caller_by_address() -> Caller:
    """Whoever the address was signed for. BadSignature also where nothing is signed: other routes, other methods."""
    endpoint = request.endpoint
    if endpoint is None or not POLICY[endpoint].is_signable:
        raise BadSignature("A signature is for fetching one file, by GET or HEAD. Everything else takes a key.")
    return signed_caller(
        current_farm().database,
        current_signer(),
        job_id=(request.view_args or {})["job_id"],
        method=request.method,
        path=request.path,
        expires=request.args.get(EXPIRES, ""),
        signature=request.args[SIGNATURE],
    )
