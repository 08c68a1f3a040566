"""With what a request says who asks, as the OpenAPI document has it (`app.api.auth` reads it)."""

from __future__ import annotations

from typing import Any

from app.api.csrf import CSRF_HEADER
from app.domain.signatures import SIGNATURE

# Each of them is good for every operation that is not public.
ANYWHERE: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer sw_live_…`"},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, in another header.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sceneworks",
        "description": "A session, `__Host-sceneworks` over https. Requests that change something need the header "
        f"`{CSRF_HEADER}` too, with the `csrf_token` of `GET /api/session`.",
    },
}
SIGNED = {
    "signed": {
        "type": "apiKey",
        "in": "query",
        "name": SIGNATURE,
        "description": "No key, but the `signed_url` that an output has: it is good for that file, and for a while.",
    }
}


def schemes_for(*, is_signable: bool) -> list[dict[str, list[str]]]:
    """The `security` of an operation: any one of these."""
    return [{name: []} for name in (*ANYWHERE, *(SIGNED if is_signable else ()))]
