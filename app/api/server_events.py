"""Server-sent events as they are written (HTML standard, section 9.2), and the answer that carries them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app

from app.api.facts import Header
from app.api.streams import Streams

RETRY_MS = 3000
# For the description of what a stream answers.
SHARE_TAKEN = "Your organisation has as many streams open as it may; `Retry-After` says when to try again"
# A comment: it keeps the connection open, and no listener hears it.
HEARTBEAT = ": still here\n"


def message(type_: str, data: dict[str, Any], id_: str | int | None = None) -> str:
    """One event. JSON keeps line breaks escaped, so nothing in `data` can end it early."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    numbered = "" if id_ is None else f"id: {id_}\n"
    return f"{numbered}event: {type_}\ndata: {text}\n\n"


def last_event_id_header(pattern: str) -> Header:
    """What a stream reads when it is taken up again; a regular expression of the ids that it gives."""
    return Header("Last-Event-ID", "The `id` of the last event that was seen.", {"type": "string", "pattern": pattern})


def current_streams() -> Streams:
    streams: Streams = current_app.extensions["streams"]
    return streams


def stream_of(told: Iterator[str], org_id: int) -> Response:
    """The answer that is told piece by piece. TooManyStreams or StreamsFull when there is no place for it."""
    give_back = current_streams().take(org_id)
    response = Response(told, mimetype="text/event-stream")
    # A generator that nobody has asked for its first piece would not run its `finally`; the response's end does.
    response.call_on_close(give_back)
    response.headers["Cache-Control"] = "no-store"
    # Without it nginx would hold the events back until its buffer is full.
    response.headers["X-Accel-Buffering"] = "no"
    return response
