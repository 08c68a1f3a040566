"""Whether a request that a browser sends with its cookie was meant: another site's page can make it send one."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from app.domain.errors import Forbidden
from app.services.sessions import is_csrf_token

CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")


def refuse_other_origins() -> None:
    """Raise Forbidden for a request that says that it comes from another site's page."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    # The scheme is left out: behind a proxy that ends TLS it is another one here than there.
    is_ours = origin is None or urlsplit(origin).netloc.lower() == request.host.lower()
    if site not in (None, "same-origin", "none") or not is_ours:
        raise Forbidden("This came from a page of another site.")


def check_csrf(token: str, given: str | None) -> None:
    """Raise Forbidden unless the request that changes something was made by a page that knows its session."""
    refuse_other_origins()
    if not is_csrf_token(token, given or ""):
        raise Forbidden(
            f"With the session's cookie this takes the header {CSRF_HEADER}: the csrf_token of GET /api/session.",
            header=CSRF_HEADER,
        )
