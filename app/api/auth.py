"""Who asks, for all under /api: a key in `Authorization: Bearer …` or in `X-API-Key`, a session's cookie, or a signed
address."""

from __future__ import annotations

from flask import g, request

from app.api.context import admin_users, current_farm
from app.api.cookies import session_token
from app.api.csrf import CSRF_HEADER, SAFE, check_csrf
from app.api.policy import POLICY
from app.api.signed import caller_by_address, is_signed
from app.domain.errors import Unauthorized
from app.services.api_keys import verify
from app.services.sessions import caller_of

PROTECTED = "/api/"


def know_caller() -> None:
    """Before each request: know the caller, or refuse; even where there is no route, so that a stranger learns none.

    A key counts before a cookie: a program that sends one means it, and no other site's page can add it.
    """
    if not f"{request.path}/".startswith(PROTECTED):
        return
    if is_signed():
        g.caller = caller_by_address()
        return
    if request.endpoint is not None and POLICY[request.endpoint].is_public:
        return
    key = presented_key(request.headers.get("Authorization"), request.headers.get("X-API-Key"))
    if key:
        g.caller = verify(current_farm().database, key, admin_users())
        return
    token = session_token()
    if token is None:
        raise Unauthorized("An API key is needed: send `Authorization: Bearer sw_live_…` or `X-API-Key: sw_live_…`.")
    g.caller = caller_of(current_farm().database, token, admin_users())
    if request.method not in SAFE:
        check_csrf(token, request.headers.get(CSRF_HEADER))


def presented_key(authorization: str | None, api_key: str | None) -> str | None:
    """The key in the headers. A proxy may use `Authorization` for a scheme of its own; then X-API-Key counts."""
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return (api_key or "").strip() or None
