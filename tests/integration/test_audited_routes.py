"""Every route that changes something leaves its entry in the audit log, and keeps its answer if it says so.

The routes are asked of the application, so that none is forgotten: a new one with an unsafe method needs a line in
CALLS, which says how it is called with success.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image
from sqlalchemy import select
from urllib3 import BaseHTTPResponse

from app.api.facts import facts_of
from app.api.policy import POLICY
from app.domain.access import Role
from app.domain.audit_actions import AuditAction
from app.domain.ids import new_id
from app.domain.webhook_states import DeliveryStatus
from app.models import IdempotencyRecord, Worker
from app.models.database import Database, database_now_s
from app.services.api_keys import key_id_of
from app.services.sessions import csrf_token
from tests.api_server import Api, local_org_id, serve
from tests.audit_log import audited
from tests.farms import work_off
from tests.people import PASSWORD, Browser, browse, make_user, signed_in
from tests.webhook_endpoints import URL, ended, made_endpoint, made_message

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


def delete_upload(api: Api) -> BaseHTTPResponse:
    asset_id = upload(api).json()["data"]["id"]
    return ask(api, "DELETE", f"/api/assets/{asset_id}")


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


def add_user(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/users", {"email": "ada@example.com", "name": "Ada", "role": "member"})


def change_user(api: Api) -> BaseHTTPResponse:
    user = make_user(api.farm.database, local_org_id(api))
    return ask(api, "PATCH", f"/api/users/{user.id}", {"role": "reviewer", "password": "another horse battery"})


def sign_in(api: Api) -> BaseHTTPResponse:
    make_user(api.farm.database, local_org_id(api), email="ada@example.com", password=PASSWORD)
    stranger = replace(api, key=None)
    return ask(stranger, "POST", "/api/session", {"email": "ada@example.com", "password": PASSWORD})


def sign_out(api: Api) -> BaseHTTPResponse:
    return ask(signed_in(api, Role.MEMBER), "DELETE", "/api/session")


def send_form(api: Api, path: str, **fields: str) -> BaseHTTPResponse:
    headers = {"x-correlation-id": CORRELATION_ID, "Content-Type": "application/x-www-form-urlencoded"}
    return api.ask("POST", path, body=urlencode(fields).encode(), headers=headers, redirect=False)


def enter(api: Api) -> BaseHTTPResponse:
    make_user(api.farm.database, local_org_id(api), email="ada@example.com", password=PASSWORD)
    return send_form(replace(api, key=None), "/login", email="ada@example.com", password=PASSWORD)


def leave(api: Api) -> BaseHTTPResponse:
    page = signed_in(api, Role.MEMBER)
    return send_form(page, "/logout", csrf_token=csrf_token(page.token))


def person(api: Api) -> Browser:
    """Somebody who is signed in and has a password."""
    return browse(api, make_user(api.farm.database, local_org_id(api), password=PASSWORD))


def change_password(api: Api) -> BaseHTTPResponse:
    return ask(person(api), "PUT", "/api/session/password", {"current": PASSWORD, "password": "another horse battery"})


def send_another_password(api: Api) -> BaseHTTPResponse:
    page = person(api)
    given = {"current": PASSWORD, "password": "another horse battery"}
    return send_form(page, "/login/password", csrf_token=csrf_token(page.token), **given)


def set_limits(api: Api) -> BaseHTTPResponse:
    return ask(api, "PUT", "/api/admin/orgs/local/limits", {"jobs_at_once": 7})


def make_endpoint(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/webhooks/endpoints", {"url": URL})


def act_on_endpoint(api: Api, method: str, act: str = "", body: object = None) -> BaseHTTPResponse:
    return ask(api, method, f"/api/webhooks/endpoints/{made_endpoint(api)['id']}{act}", body)


def recover(api: Api) -> BaseHTTPResponse:
    path = f"/api/webhooks/endpoints/{made_endpoint(api)['id']}"
    message = api.ask("POST", f"{path}/test").json()["data"]
    ended(api.farm.database, message["id"], DeliveryStatus.FAILED)
    return ask(api, "POST", f"{path}/recover", {"since": message["created_at"]})


def unsent(api: Api) -> dict[str, Any]:
    """A message that was on its way to nobody."""
    message_id = made_message(api.farm.database, local_org_id(api), "video.succeeded")
    message: dict[str, Any] = api.get(f"/api/webhooks/messages/{message_id}").json()["data"]
    return message


def resend(api: Api) -> BaseHTTPResponse:
    endpoint_id = made_endpoint(api)["id"]
    return ask(api, "POST", f"/api/webhooks/messages/{unsent(api)['id']}/resend", {"endpoint_id": endpoint_id})


def replay(api: Api) -> BaseHTTPResponse:
    return act_on_endpoint(api, "POST", "/replay-missing", {"since": unsent(api)["created_at"]})


def rotate_own_secret(api: Api) -> BaseHTTPResponse:
    return ask(api, "POST", "/api/webhooks/secret/rotate")


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
    "assets.remove": (AuditAction.ASSET_DELETED, delete_upload),
    "brand_kit.put": (AuditAction.BRAND_KIT_SET, put_kit),
    "brand_kit.remove": (AuditAction.BRAND_KIT_DELETED, delete_kit),
    "keys.make": (AuditAction.KEY_MADE, make_key),
    "keys.rotate": (AuditAction.KEY_ROTATED, lambda api: act_on_key(api, "POST", "/rotate")),
    "keys.revoke": (AuditAction.KEY_REVOKED, lambda api: act_on_key(api, "DELETE")),
    "users.make": (AuditAction.USER_ADDED, add_user),
    "users.change": (AuditAction.USER_CHANGED, change_user),
    "session.begin": (AuditAction.SESSION_BEGUN, sign_in),
    "session.end": (AuditAction.SESSION_ENDED, sign_out),
    "session.change_password": (AuditAction.USER_CHANGED, change_password),
    "sign_in_page.change_password": (AuditAction.USER_CHANGED, send_another_password),
    "sign_in_page.enter": (AuditAction.SESSION_BEGUN, enter),
    "sign_in_page.leave": (AuditAction.SESSION_ENDED, leave),
    "limits.put_org": (AuditAction.LIMITS_SET, set_limits),
    "webhook_endpoints.make": (AuditAction.WEBHOOK_ENDPOINT_MADE, make_endpoint),
    "webhook_endpoints.change": (
        AuditAction.WEBHOOK_ENDPOINT_CHANGED,
        lambda api: act_on_endpoint(api, "PATCH", body={"enabled": False}),
    ),
    "webhook_endpoints.remove": (AuditAction.WEBHOOK_ENDPOINT_DELETED, lambda api: act_on_endpoint(api, "DELETE")),
    "webhook_secrets.rotate": (
        AuditAction.WEBHOOK_SECRET_ROTATED,
        lambda api: act_on_endpoint(api, "POST", "/rotate-secret"),
    ),
    "webhook_secrets.rotate_org": (AuditAction.WEBHOOK_SECRET_ROTATED, rotate_own_secret),
    "webhook_manual.test": (AuditAction.WEBHOOK_TESTED, lambda api: act_on_endpoint(api, "POST", "/test")),
    "webhook_manual.recover_failed": (AuditAction.WEBHOOK_RECOVERED, recover),
    "webhook_manual.replay": (AuditAction.WEBHOOK_REPLAYED, replay),
    "webhook_manual.send_again": (AuditAction.WEBHOOK_RESENT, resend),
    "admin.pause": (AuditAction.POOL_PAUSED, pause),
    "admin.resume": (AuditAction.POOL_RESUMED, resume),
    "admin.drain": (AuditAction.WORKER_DRAINED, drain),
}
# Routes that change nothing though their method may: each with the reason.
CHANGE_NOTHING = {"estimates.estimate": "It says what a video would be, and makes none."}
# What the farm does by itself.
BY_THE_FARM = {AuditAction.WEBHOOK_ENDPOINT_DISABLED}


def test_every_route_that_may_change_something_is_here_and_in_the_policy(api: Api) -> None:
    unsafe = {rule.endpoint for rule in api.flask.url_map.iter_rules() if rule.methods and rule.methods - SAFE}
    assert unsafe == set(CALLS) | set(CHANGE_NOTHING)
    assert unsafe <= set(POLICY)


def test_every_act_is_told_by_a_route() -> None:
    assert {action for action, _ in CALLS.values()} == set(AuditAction) - BY_THE_FARM


@pytest.mark.parametrize("endpoint", CALLS)
def test_its_success_leaves_one_entry_with_who_asked(api: Api, endpoint: str) -> None:
    action, call = CALLS[endpoint]
    answer = call(api)
    # A form sends on to the next page.
    assert answer.status < 300 or answer.status == 303, answer.data
    *_, entry = rows = audited(api.farm.database)
    assert entry.action == action and entry.target and (entry.before or entry.after)
    assert api.key is not None and entry.ip == "127.0.0.1"
    assert entry.key_id == (key_id_of(api.key) if entry.user_id is None else None)
    told = [row for row in rows if row.correlation_id == CORRELATION_ID and row.action == action]
    assert told == [entry]


@dataclass(frozen=True)
class Careful(Api):
    """A caller that gives each request an `Idempotency-Key` of its own."""

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> BaseHTTPResponse:
        return super().ask(method, path, headers={"Idempotency-Key": new_id("key"), **(headers or {})}, **more)


@pytest.mark.parametrize("endpoint", CALLS)
def test_its_answer_is_kept_for_its_key_if_it_says_so(api: Api, endpoint: str) -> None:
    careful = Careful(**{field.name: getattr(api, field.name) for field in fields(Api)})
    _, call = CALLS[endpoint]
    assert call(careful).status < 400
    with api.farm.database.read() as session:
        routes = [route.split(" ", 1) for route in session.scalars(select(IdempotencyRecord.route))]
    addresses = api.flask.url_map.bind("")
    kept = {addresses.match(path, method)[0] for method, path in routes}
    assert (endpoint in kept) == (facts_of(api.flask, endpoint).is_kept)
