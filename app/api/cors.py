"""Which web pages may call the farm from a browser: those of the origins that the settings name, and no others."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from flask import Flask, Response, request

from app.api.acceptance import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from app.api.rate import END_USER_HEADER
from app.api.requests import CORRELATION_HEADER

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# What a page may send beyond what every page may.
SENT = (
    *("Authorization", "X-API-Key", "Content-Type", CORRELATION_HEADER, IDEMPOTENCY_HEADER, END_USER_HEADER),
    *("If-None-Match", "If-Range", "Range", "Last-Event-ID"),
)
# What it may read beyond the body, the type and the length.
READ = (
    *(CORRELATION_HEADER, "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", REPLAYED_HEADER),
    *("Accept-Ranges", "Content-Range", "Content-Disposition", "WWW-Authenticate"),
)
# So long a browser need not ask again before it sends the like.
PREFLIGHT_KEPT_S = 3600


def allow_origins(api: Flask, origins: Collection[str]) -> None:
    """Register before the key is asked for: a browser's preflight carries none."""
    if origins:
        api.before_request(partial(answer_preflight, origins))
        api.after_request(partial(tell_origin, origins))


def answer_preflight(origins: Collection[str]) -> Response | None:
    """What a page of an allowed origin may send. To any other it is a request like all others: one without a key."""
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asks or request.headers.get("Origin") not in origins:
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
    response.headers["Access-Control-Allow-Headers"] = ", ".join(SENT)
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT_S)
    return response


def tell_origin(origins: Collection[str], response: Response) -> Response:
    """On every answer, errors and streams too: which origin may read it, and that it depends on who asked.

    Never with credentials: a session's cookie is for the farm's own pages, and a key travels in a header.
    """
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = str(origin)
        response.headers["Access-Control-Expose-Headers"] = ", ".join(READ)
    return response
