"""The catalogue of webhook events: what each type means, and what stands in its `data`.

Schemas are JSON Schema 2020-12. They are open: a receiver passes over fields that it does not know, so that one can be
added without breaking anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.webhook_examples import AT, CANCELED, ENDPOINT, FAILED, QUEUED, STARTED, SUCCEEDED, USED_UP, WAITING

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"

TEXT: Json = {"type": "string"}
TIME: Json = {"type": "string", "format": "date-time"}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


OUTPUT = _object(
    {
        "name": TEXT,
        "media_type": TEXT,
        "size_bytes": {"type": "integer"},
        "sha256": TEXT,
        "url": {"type": "string", "description": "A path of the API; GET /api/jobs/{id} has a signed address for it."},
    }
)
JOB: Mapping[str, Json] = {
    "id": TEXT,
    "kind": {"const": "video"},
    "status": {"enum": ["queued", "running", "waiting", "succeeded", "failed", "canceled"]},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Per cent of the work."},
    "title": _or_null(TEXT),
    "subject_id": _or_null(TEXT),
    "metadata": {"type": "object", "description": "Your own, as you sent it; empty where it was too large to send."},
    "parent": _or_null(_object({"id": TEXT, "relation": {"enum": ["retry", "restart", "revision"]}})),
    "revision": {"type": "integer"},
    "correlation_id": TEXT,
    "created_at": TIME,
    "started_at": _or_null(TIME),
    "finished_at": _or_null(TIME),
    "error": _or_null(_object({"code": TEXT, "message": TEXT, "retryable": {"type": "boolean"}})),
    "outputs": {"type": "array", "items": OUTPUT},
}
BUDGET: Mapping[str, Json] = {
    "what": {"const": "minutes_a_day"},
    "used": {"type": "number", "description": "Minutes of video."},
    "limit": {"type": "number"},
    "resets_at": TIME,
}
ABOUT_ENDPOINT: Mapping[str, Json] = {
    "endpoint": _object({"id": TEXT, "url": TEXT, "description": TEXT}),
}


@dataclass(frozen=True)
class EventType:
    """`data` is the schema of the body's `data`, `example` one that it has. One that is not `is_default` is sent to
    endpoints that name it alone."""

    name: str
    description: str
    data: Json
    example: Json
    is_default: bool = True

    @property
    def schema(self) -> Json:
        """Of the whole body."""
        return {
            "$schema": DIALECT,
            "title": self.name,
            "description": self.description,
            **_object({"type": {"const": self.name}, "timestamp": TIME, "data": self.data}),
        }

    @property
    def example_body(self) -> Json:
        return {"type": self.name, "timestamp": AT, "data": self.example}


TEST = "webhook.test"
PROGRESS = "video.progress"
BUDGET_WARNING, BUDGET_EXCEEDED = "budget.warning", "budget.exceeded"
_TYPES = (
    EventType("video.queued", "A video was asked for, and accepted.", _object(JOB), QUEUED),
    EventType("video.started", "The first step of a video has begun.", _object(JOB), STARTED),
    EventType(
        PROGRESS,
        "A video has got on. At most one each ten seconds for a job, and only to endpoints that ask for it.",
        _object(JOB),
        {**STARTED, "progress": 45},
        is_default=False,
    ),
    EventType(
        "video.waiting",
        "Nothing of a video can run before a time has come or somebody acts; `resume_at` is null where none is known.",
        _object({**JOB, "waiting": _object({"reason": TEXT, "resume_at": _or_null(TIME)})}),
        WAITING,
    ),
    EventType("video.succeeded", "A video is done; its files are in `outputs`.", _object(JOB), SUCCEEDED),
    EventType(
        "video.failed", "A video cannot be made; `error` says why, and whether a retry may help.", _object(JOB), FAILED
    ),
    EventType(
        "video.canceled",
        "A video was stopped because somebody asked for it, for the `reason` that was given, if one was.",
        _object({**JOB, "reason": _or_null(TEXT)}),
        CANCELED,
    ),
    EventType(
        "step.stuck",
        "A step of a video does not move. The farm recovers by itself where it can; its operators see it too.",
        _object({"job": _object(JOB), "step": TEXT, "reason": TEXT}),
        {"job": STARTED, "step": "scene/3/clip", "reason": "running_far_too_long"},
    ),
    EventType(
        BUDGET_WARNING,
        "Four fifths of the minutes of video that your organisation may ask for in a day are used. Once a day (UTC).",
        _object(BUDGET),
        {**USED_UP, "used": 48.5},
    ),
    EventType(
        BUDGET_EXCEEDED,
        "A request was refused because the day's minutes of video are used. Once a day (UTC).",
        _object(BUDGET),
        USED_UP,
    ),
    EventType(
        "endpoint.failing",
        "Another of your endpoints has failed to take a message four times in a row.",
        _object(
            {
                **ABOUT_ENDPOINT,
                "message_id": TEXT,
                "attempts": {"type": "integer"},
                "error": _or_null(TEXT),
                "status_code": _or_null({"type": "integer"}),
            }
        ),
        {**ENDPOINT, "message_id": "msg_2b6y8h1k4n7q9s3v", "attempts": 4, "error": "status", "status_code": 500},
    ),
    EventType(
        "endpoint.recovered",
        "Another of your endpoints takes messages again.",
        _object({**ABOUT_ENDPOINT, "message_id": TEXT}),
        {**ENDPOINT, "message_id": "msg_2b6y8h1k4n7q9s3v"},
    ),
    EventType(
        "endpoint.disabled",
        "Another of your endpoints is sent nothing more, until you enable it again: it has answered 410 (`gone`), "
        "failed for days (`failing`), or its breaker has opened again and again (`breaker`).",
        _object({**ABOUT_ENDPOINT, "reason": TEXT}),
        {**ENDPOINT, "reason": "gone"},
    ),
    EventType(
        "message.exhausted",
        "A message has not reached another of your endpoints, and is not tried again by itself.",
        _object({**ABOUT_ENDPOINT, "message_id": TEXT, "attempts": {"type": "integer"}}),
        {**ENDPOINT, "message_id": "msg_2b6y8h1k4n7q9s3v", "attempts": 8},
    ),
    EventType(
        TEST,
        "What `POST /api/webhooks/endpoints/{id}/test` sends. Nothing has happened.",
        _object({"message": TEXT}),
        {"message": "This is a test."},
    ),
)
CATALOGUE: Mapping[str, EventType] = {type_.name: type_ for type_ in _TYPES}
# A test comes to whoever asks for one, subscribed or not.
SUBSCRIBABLE = tuple(name for name in CATALOGUE if name != TEST)
DEFAULT_TYPES = tuple(name for name in SUBSCRIBABLE if CATALOGUE[name].is_default)
# What goes to the `webhook_url` of a request: what is about its job.
OF_JOBS = tuple(name for name in DEFAULT_TYPES if name.startswith(("video.", "step.")))
