"""Who asks: for everything under /api a key in `Authorization: Bearer …` or in `X-API-Key`, or a signed address."""

from __future__ import annotations

from flask import g, request

from app.api.context import current_farm
from app.api.signed import caller_by_address, is_signed
from app.domain.errors import Unauthorized
from app.services.api_keys import verify

PROTECTED = "/api/"


def require_key() -> None:
    """Before each request: know the caller, or refuse; even where there is no route, so that a stranger learns none."""
    if not f"{request.path}/".startswith(PROTECTED):
        return
    if is_signed():
        g.caller = caller_by_address()
        return
    key = presented_key(request.headers.get("Authorization"), request.headers.get("X-API-Key"))
    if not key:
        raise Unauthorized("An API key is needed: send `Authorization: Bearer sw_live_…` or `X-API-Key: sw_live_…`.")
    g.caller = verify(current_farm().database, key)


def presented_key(authorization: str | None, api_key: str | None) -> str | None:
    """The key in the headers. A proxy may use `Authorization` for a scheme of its own; then X-API-Key counts."""
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return (api_key or "").strip() or None
