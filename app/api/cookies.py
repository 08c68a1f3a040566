"""The session's cookie: no script can read it, no other site's form sends it, and over TLS nothing else sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Response, current_app, request

from app.services.sessions import LONGEST_S
from config.settings import Settings


@dataclass(frozen=True)
class SessionCookie:
    """`is_secure`: browsers reach the farm over https alone, and send the cookie over nothing else."""

    is_secure: bool

    @property
    def name(self) -> str:
        # A browser takes a cookie with this prefix from the very host alone, for the whole of it, over https.
        return "__Host-sceneworks" if self.is_secure else "sceneworks"


def session_cookie(settings: Settings) -> SessionCookie:
    return SessionCookie(settings.base_url.startswith("https://"))


def session_token() -> str | None:
    """The token of the request's cookie, good or not."""
    return request.cookies.get(_cookie().name) or None


def set_session(response: Response, token: str) -> None:
    cookie = _cookie()
    response.set_cookie(
        cookie.name, token, max_age=int(LONGEST_S), path="/", secure=cookie.is_secure, httponly=True, samesite="Lax"
    )
    response.headers["Cache-Control"] = "no-store"


def clear_session(response: Response) -> None:
    cookie = _cookie()
    response.delete_cookie(cookie.name, path="/", secure=cookie.is_secure, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"


def _cookie() -> SessionCookie:
    return cast(SessionCookie, current_app.extensions["session_cookie"])
