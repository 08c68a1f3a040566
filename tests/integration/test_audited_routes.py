"""Every route that changes something leaves its entry in the audit log.

The routes are asked of the application, so that none is forgotten: a new one with an unsafe method needs a line in
CALLS, which says how it is called with success.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from urllib3 import BaseHTTPResponse

from app.api.policy import POLICY
from app.domain.audit_actions import AuditAction
from app.models import Worker
from app.models.database import Database, database_now_s
from app.services.api_keys import key_id_of
from tests.api_server import Api, serve
from tests.audit_log import audited
from tests.farms import work_off

SAFE = {"GET", "HEAD", "OPTIONS"}
CORRELATION_ID = "an-act-to-be-told"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def ask(api: Api, method: str, path: str, body: object = None) -> BaseHTTPResponse:
    headers = {"x-correlation-id": CORRELATION_ID}
    if body is None:
        return api.ask(method, path, headers=headers)
    headers["Content-Type"] = "application/json"
    return api.ask(method, path, headers=headers, body=json.dumps(body).encode())


def create(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/videos", {"text": "A river runs to the sea."})


def edit(api: Api) -> BaseHTTPResponse:
    job_id = api.accept()["id"]
    # Its script.
    work_off(api.farm, steps=1)
    return ask(api, "PATCH", f"/api/videos/{job_id}/scenes/1", {"text": "It goes on and on."})


def canceled(api: Api) -> str:
    job_id: str = api.accept()["id"]
    assert api.post(f"/api/jobs/{job_id}/cancel").status == 200
    return job_id


def bulk(api: Api, act: str, job_id: str, status: str) -> BaseHTTPResponse:
    wanted = {"ids": [job_id], "status": [status]}
    return ask(api, "POST", f"/api/jobs/bulk/{act}", {"filter": wanted, "confirm": 1})


def force_stop(api: Api) -> BaseHTTPResponse:
    api.accept()
    return ask(api, "POST", "/api/admin/jobs/force-stop-all", {"confirm": True, "reason": "A wrong price list."})


def upload(api: Api) -> BaseHTTPResponse:
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    headers = {"x-correlation-id": CORRELATION_ID}
    return api.ask("POST", "/api/assets", headers=headers, fields={"file": ("a.png", picture.getvalue())})


def put_kit(api: Api) -> BaseHTTPResponse:
    return ask(api, "PUT", "/api/brand-kit", {"name": "Atlas"})


def delete_kit(api: Api) -> BaseHTTPResponse:
    put_kit(api)
    return ask(api, "DELETE", "/api/brand-kit")


def make_key(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/keys", {"name": "shop", "scopes": ["jobs:read"]})


def act_on_key(api: Api, method: str, act: str = "") -> BaseHTTPResponse:
    key_id = make_key(api).json()["data"]["id"]
    return ask(api, method, f"/api/keys/{key_id}{act}")


def pause(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/admin/pools/cpu/pause", {"reason": "The disk is being changed."})


def resume(api: Api) -> BaseHTTPResponse:
    pause(api)
    return ask(api, "POST", "/api/admin/pools/cpu/resume")


def drain(api: Api) -> BaseHTTPResponse:
    with api.farm.database.begin() as session:
        now = database_now_s(session)
        about = {"pool": "cpu", "host": "here", "pid": 7, "slots": 2, "version": "1"}
        session.add(Worker(name="cpu@here:7", started_at=now, beat_at=now, **about))
    return ask(api, "POST", "/api/admin/workers/cpu@here:7/drain")


# By endpoint: the act that its entry tells of, and how it is called with success, after what that needs.
CALLS: dict[str, tuple[AuditAction, Callable[[Api], BaseHTTPResponse]]] = {
    "videos.submit": (AuditAction.VIDEO_CREATED, create),
    "videos.edit": (AuditAction.SCENE_EDITED, edit),
    "jobs.retry": (AuditAction.JOB_RETRIED, lambda api: ask(api, "POST", f"/api/jobs/{canceled(api)}/retry")),
    "jobs.restart": (AuditAction.JOB_RESTARTED, lambda api: ask(api, "POST", f"/api/jobs/{canceled(api)}/restart")),
    "jobs.cancel": (AuditAction.JOB_CANCELED, lambda api: ask(api, "POST", f"/api/jobs/{api.accept()['id']}/cancel")),
    "bulk.cancel": (AuditAction.JOBS_CANCELED, lambda api: bulk(api, "cancel", api.accept()["id"], "queued")),
    "bulk.retry": (AuditAction.JOBS_RETRIED, lambda api: bulk(api, "retry", canceled(api), "canceled")),
    "bulk.force_stop": (AuditAction.JOBS_FORCE_STOPPED, force_stop),
    "uploads.store": (AuditAction.ASSET_UPLOADED, upload),
    "brand_kit.put": (AuditAction.BRAND_KIT_SET, put_kit),
    "brand_kit.remove": (AuditAction.BRAND_KIT_DELETED, delete_kit),
    "keys.make": (AuditAction.KEY_MADE, make_key),
    "keys.rotate": (AuditAction.KEY_ROTATED, lambda api: act_on_key(api, "POST", "/rotate")),
    "keys.revoke": (AuditAction.KEY_REVOKED, lambda api: act_on_key(api, "DELETE")),
    "admin.pause": (AuditAction.POOL_PAUSED, pause),
    "admin.resume": (AuditAction.POOL_RESUMED, resume),
    "admin.drain": (AuditAction.WORKER_DRAINED, drain),
}
# Routes that change nothing though their method may: each with the reason.
CHANGE_NOTHING: dict[str, str] = {}


def test_every_route_that_may_change_something_is_here_and_in_the_policy(api: Api) -> None:
    unsafe = {rule.endpoint for rule in api.flask.url_map.iter_rules() if rule.methods and rule.methods - SAFE}
    assert unsafe == set(CALLS) | set(CHANGE_NOTHING)
    assert unsafe <= set(POLICY)


def test_every_act_is_told_by_a_route() -> None:
    assert {action for action, _ in CALLS.values()} == set(AuditAction)


@pytest.mark.parametrize("endpoint", CALLS)
def test_its_success_leaves_one_entry_with_who_asked(api: Api, endpoint: str) -> None:
    action, call = CALLS[endpoint]
    answer = call(api)
    assert answer.status < 300, answer.data
    *_, entry = rows = audited(api.farm.database)
    assert entry.action == action and entry.target and (entry.before or entry.after)
    assert api.key is not None
    assert (entry.key_id, entry.ip) == (key_id_of(api.key), "127.0.0.1")
    told = [row for row in rows if row.correlation_id == CORRELATION_ID and row.action == action]
    assert told == [entry]
