"""What stands in the `data` of webhooks, as examples: of one video on its way, and of an endpoint."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

AT = "2026-01-31T09:31:02.500Z"

QUEUED: Json = {
    "id": "vid_4k8zq0v2m7x1c9p3",
    "kind": "video",
    "status": "queued",
    "progress": 0,
    "title": "Two seas",
    "subject_id": "post-42",
    "metadata": {"campaign": "spring"},
    "parent": None,
    "revision": 1,
    "correlation_id": "req_7c1x9m4v0q2k8z3p",
    "created_at": "2026-01-31T09:30:00.000Z",
    "started_at": None,
    "finished_at": None,
    "error": None,
    "outputs": [],
}
STARTED: Json = {**QUEUED, "status": "running", "progress": 1, "started_at": "2026-01-31T09:30:01.250Z"}
WAITING: Json = {
    **STARTED,
    "status": "waiting",
    "progress": 30,
    "waiting": {"reason": "provider_window", "resume_at": "2026-01-31T11:30:00.000Z"},
}
SUCCEEDED: Json = {
    **STARTED,
    "status": "succeeded",
    "progress": 100,
    "finished_at": AT,
    "outputs": [
        {
            "name": "video.mp4",
            "media_type": "video/mp4",
            "size_bytes": 9_437_184,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "url": "/api/jobs/vid_4k8zq0v2m7x1c9p3/artifacts/video.mp4",
        }
    ],
}
FAILED: Json = {
    **STARTED,
    "status": "failed",
    "progress": 30,
    "finished_at": AT,
    "error": {"code": "BAD_MEDIA", "message": "The music cannot be read.", "retryable": False},
}
CANCELED: Json = {**STARTED, "status": "canceled", "progress": 30, "finished_at": AT, "reason": "no longer needed"}
USED_UP: Json = {"what": "minutes_a_day", "used": 59.2, "limit": 60, "resets_at": "2026-02-01T00:00:00.000Z"}
ENDPOINT: Json = {
    "endpoint": {
        "id": "whe_8z3p7c1x9m4v0q2k",
        "url": "https://hooks.example.com/sceneworks",
        "description": "The shop's backend",
    }
}
