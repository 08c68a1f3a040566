"""What the documentation shows beside each operation: a command that asks it, and an answer, made from the schemas.

An operation that is new has its examples without a line here; only what a schema cannot say is written down.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from app.templates import load_template

Json = Mapping[str, Any]

# What stands in an address for a path parameter; the first is set by the page's first steps.
IN_ADDRESS = {
    "job_id": "$JOB",
    "name": "video.mp4",
    "number": "1",
    "asset_id": "ast_0m3v9k2q8x7y1z4w",
    "pool": "cpu",
    "worker": "cpu@host:4711",
    "template": "bulletin",
    "key_id": "0m3v9k2q8x7y",
    "user_id": "usr_2p7k4m9x1c5v8z3q",
    "org": "local",
}
UPLOAD = "-F file=@photo.jpg"

JOB_ID = "vid_4k8zq0v2m7x1c9p3"
PARENT_ID = "vid_7w2n5r8t3y6u0q1z"
SHA256 = "9f2c1d0b8e7a6f5c4d3e2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e"
# By the field's name, where neither the schema nor its type would give a value that tells something.
VALUES: Json = {
    "correlation_id": "req_5s1v9k2q8x7y1z4w",
    "sha256": SHA256,
    "url": f"/api/jobs/{JOB_ID}/artifacts/video.mp4",
    "signed_url": f"/api/jobs/{JOB_ID}/artifacts/video.mp4?expires=1769856300&signature={SHA256}",
    "size_bytes": 987220,
    "width_px": 1920,
    "height_px": 1080,
    "count": 12,
    "stopped": 12,
    "done": 1,
    "total": 1,
    "host": "render-1",
    "pid": 4711,
    "slots": 4,
    "running": 1,
    "version": "0.1.0",
    "attempts": 1,
    "revision": 1,
    "priority": 3,
    "progress": 0,
    "is_alive": True,
    "pool": "cpu",
    "workers": 2,
    "ready": 3,
    "every_s": 900.0,
    "voices": "steph",
    "csrf_token": "5d1f0c8b7a6e9d3c2b4f1a0e8c7d6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c",
}
TIME = "2026-01-31T09:30:00.123Z"
ENDED_AT = "2026-01-31T09:30:21.402Z"
# Fields of one thing hang together, so they are said together: by the schema's name,
SAID_OF: Mapping[str, Json] = {
    "Job": {
        "status": "succeeded",
        "stage": None,
        "stages": [{"name": name, "done": 1, "total": 1} for name in ("writing", "rendering", "assembling")],
        "steps_summary": {"adopted": 0, "done": 7, "total": 7},
        "progress": 100,
        "title": "A door into the Earth",
        "started_at": "2026-01-31T09:30:00.190Z",
        "finished_at": ENDED_AT,
    },
    "Step": {"status": "succeeded", "started_at": TIME, "finished_at": ENDED_AT},
    "BrandKitObject": {
        "name": "Atlas Films",
        "colours": {"ground": "#10243E", "text": None, "accent": "#00A3A3"},
        "font": "manrope",
    },
    "RateNow": {"name": "user", "requests": 10, "window_s": 60, "left": 9, "reset_s": 42},
    "WholeQuota": {"limit": 1000, "used": 12, "left": 988},
    "OrgLimits": {"org": "local"},
    "BrandKitDeleted": {"deleted": True},
    "AuditEntry": {
        "key": {"id": "4k8zq0v2m7x1", "name": "local.key"},
        "before": {"status": "running"},
        "after": {"status": "canceled"},
    },
    "StuckStep": {"status": "running", "worker": "cpu@host:4711"},
}
# by the status with which an operation answers,
SAID_WITH: Mapping[str, Json] = {
    "202": {
        "status": "queued",
        "stage": "writing",
        "stages": [{"name": "writing", "done": 0, "total": 1}],
        "steps_summary": {"adopted": 0, "done": 0, "total": 1},
        "progress": 0,
        "queue_position": 1,
        "started_at": None,
        "finished_at": None,
        "outputs": [],
    },
}
# and by the operation.
SAID_BY: Mapping[str, Json] = {
    "createVideo": {"title": None},
    "editScene": {"parent": {"id": PARENT_ID, "relation": "revision"}, "revision": 2},
    "retryJob": {"parent": {"id": PARENT_ID, "relation": "retry"}},
    "restartJob": {"parent": {"id": PARENT_ID, "relation": "restart"}},
    "cancelJob": {
        "status": "canceled",
        "stages": [{"name": "writing", "done": 1, "total": 1}, {"name": "rendering", "done": 0, "total": 1}],
        "steps_summary": {"adopted": 0, "done": 3, "total": 7},
        "progress": 40,
        "outputs": [],
    },
    "getTemplate": load_template("bulletin"),
    "pausePool": {"paused": {"reason": "The disk is being changed.", "since": TIME, "until": None}},
    "drainWorker": {"draining_at": TIME},
}

EVENTS = """\
id: 6
event: step.started
data: {"type": "step.started", "at": "2026-01-31T09:30:00.610Z", "correlation_id": "req_5s1v9k2q8x7y1z4w", \
"step": "scene/1/narration", "attempt": 1}

event: progress
data: {"id": "vid_4k8zq0v2m7x1c9p3", "status": "running", "stage": "rendering", "progress": 42, …}

id: 19
event: video.succeeded
data: {"type": "video.succeeded", "at": "2026-01-31T09:30:21.402Z", "correlation_id": "req_5s1v9k2q8x7y1z4w"}"""
ORG_EVENTS = """\
id: 48213.vid_4k8zq0v2m7x1c9p3.19
event: video.succeeded
data: {"type": "video.succeeded", "at": "2026-01-31T09:30:21.402Z", "job_id": "vid_4k8zq0v2m7x1c9p3", "seq": 19, \
"correlation_id": "req_5s1v9k2q8x7y1z4w"}

id: 48230.vid_9p3c1x7m2v0qz8k4.1
event: video.queued
data: {"type": "video.queued", "at": "2026-01-31T09:30:23.870Z", "job_id": "vid_9p3c1x7m2v0qz8k4", "seq": 1, \
"correlation_id": "req_7w2n5r8t3y6u0q1z"}

: still here
id: 48311"""
FILE = """\
Content-Type: video/mp4
Content-Disposition: attachment; filename="A door into the Earth.mp4"
Content-Length: 987220
Accept-Ranges: bytes
ETag: "9f2c1d0b…"

(the bytes)"""
# What answers that are no JSON look like, by their type.
TEXTS = {"text/event-stream": EVENTS, "*/*": FILE}
# and where the type does not say it, by the operation.
TEXTS_BY = {"followOrg": ORG_EVENTS}


def curl_of(method: str, path: str, operation: Json) -> str:
    """The operation as a command for a shell in which FARM, KEY and JOB are set."""
    answers = {kind for answer in operation["responses"].values() for kind in answer.get("content", {})}
    flags = "-sN" if "text/event-stream" in answers else "-OJ" if "*/*" in answers else "-s"
    address = re.sub(r"{(\w+)}", lambda found: IN_ADDRESS.get(found[1], found[1].upper()), path)
    lines = [f'curl {flags} "$FARM{address}"']
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $KEY"')
    body = _body_lines(operation.get("requestBody", {}))
    # curl sends POST by itself as soon as there is a body.
    if method.upper() not in ("GET", "POST") or (method.upper() == "POST" and not body):
        lines[0] = lines[0].replace("curl", f"curl -X {method.upper()}", 1)
    return " \\\n  ".join(lines + body)


def _body_lines(body: Json) -> list[str]:
    for kind, content in body.get("content", {}).items():
        if kind == "multipart/form-data":
            return [UPLOAD]
        value: Any = next((example["value"] for example in content.get("examples", {}).values()), {})
        if value or body.get("required"):
            sent = shlex.quote(json.dumps(value, ensure_ascii=False))
            return [f'-H "Content-Type: {kind}"', f"-d {sent}"]
    return []


def answer_of(document: Json, operation: Json) -> tuple[str, str] | None:
    """The status and the text of the operation's good answer; None where it has no body to show."""
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if status < "300":
                if kind in TEXTS:
                    return status, TEXTS_BY.get(operation["operationId"], TEXTS[kind])
                value = value_of(document, content.get("schema", {}))
                if "data" in value:
                    value["data"] |= {**SAID_WITH.get(status, {}), **SAID_BY.get(operation["operationId"], {})}
                return status, json.dumps(value, ensure_ascii=False, indent=2)
    return None


def value_of(document: Json, schema: Json, name: str = "") -> Any:
    """A value that fits the schema; `name` is that of the field it stands in."""
    if "$ref" in schema:
        kind = schema["$ref"].rpartition("/")[2]
        value = value_of(document, document["components"]["schemas"][kind], name)
        return {**value, **SAID_OF[kind]} if kind in SAID_OF else value
    kinds = schema.get("anyOf", [])
    if schema.get("examples"):
        return schema["examples"][0]
    if name in VALUES and schema.get("type") not in ("object", "array"):
        return VALUES[name]
    if {"type": "null"} in kinds:
        return None
    if kinds:
        return value_of(document, kinds[0], name)
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {field: value_of(document, inside, field) for field, inside in fields.items()}
        case "array":
            return [value_of(document, schema["items"], name)]
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
    if schema.get("format") == "date-time":
        return TIME
    # An id is known by its field alone; the schemas of ours that hold one say an example.
    return JOB_ID if name == "id" else "…"
