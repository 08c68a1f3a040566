"""Where webhooks go, as an organisation says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.access import Scope
from app.domain.webhook_states import DeliveryStatus, DisabledReason
from app.models import WebhookEndpoint
from app.models.database import Database
from app.services.webhook_health import disable
from app.webhooks.target import GENERIC, Guard
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.audit_log import audited
from tests.webhook_endpoints import URL, deliveries, made_endpoint, made_message

ENDPOINTS = "/api/webhooks/endpoints"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


RECORDS = {
    "public.example": ["1.1.1.1"],
    "internal.example": ["10.0.0.7"],
    "mixed.example": ["1.1.1.1", "127.0.0.1"],
    "localhost": ["127.0.0.1"],
    # As the C library reads them.
    **dict.fromkeys(["2130706433", "0x7f.1"], ["127.0.0.1"]),
    "0": ["0.0.0.0"],
}


def names(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """A resolver that asks nobody."""
    if host not in RECORDS:
        raise OSError("There is no such name.")
    return [ip_address(record) for record in RECORDS[host]]


def test_an_endpoint_is_made_changed_and_deleted(api: Api) -> None:
    made = made_endpoint(api, description="The  shop", event_types=["video.failed", "video.succeeded"], per_minute=60)
    assert made.pop("secret").startswith("whsec_")
    assert (made["url"], made["description"], made["per_minute"]) == (URL, "The shop", 60)
    assert made["event_types"] == ["video.succeeded", "video.failed"]
    assert (made["status"], made["for_jobs"], made["disabled_at"]) == ("enabled", False, None)
    assert made["health"] == {"failing_since": None, "breaker": "closed", "open_until": None, "pending": 0}
    path = f"{ENDPOINTS}/{made['id']}"
    assert data_of(api.get(path)) == made
    changed = data_of(api.patch(path, {"description": "", "event_types": None, "per_minute": None}))
    assert changed == {
        **made,
        "description": "",
        "event_types": None,
        "per_minute": None,
        "updated_at": changed["updated_at"],
    }
    assert data_of(api.patch(path, {})) == changed
    assert data_of(api.ask("DELETE", path)) == {"id": made["id"], "deleted": True}
    for gone in (api.get(path), api.patch(path, {}), api.ask("DELETE", path), api.post(path + "/rotate-secret", {})):
        assert (gone.status, error_of(gone)["message"]) == (404, "There is no such endpoint.")
    assert data_of(api.get(ENDPOINTS))["items"] == []


def test_its_secret_is_told_once_and_stands_nowhere(api: Api) -> None:
    sent = {"url": URL, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    first, again = (api.post(ENDPOINTS, sent, Idempotency_Key="one") for _ in range(2))
    assert data_of(first)["secret"] == sent["secret"] and first.headers["Cache-Control"] == "no-store"
    assert data_of(again) == {**data_of(first), "secret": None} and again.headers["Idempotent-Replayed"] == "true"
    shown = (api.get(ENDPOINTS), api.get("/api/audit"), api.get(f"{ENDPOINTS}/{data_of(first)['id']}"))
    assert all(b"MfKQ9r8" not in answer.data and b'"secret"' not in answer.data for answer in shown)
    with api.farm.database.read() as session:
        sealed = session.scalars(select(WebhookEndpoint.secret)).one()
    assert sealed is not None and "MfKQ9r8" not in sealed and api.farm.sealer.open(sealed) == sent["secret"]


@pytest.mark.parametrize(
    "url",
    [
        "http://internal.example/",
        "http://mixed.example/",
        "http://nobody.example/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://0/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:8000/",
        "http://evil.com\\@127.0.0.1/",
        "https://user:pw@example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://example.com/\r\nX-Evil: 1",
        "nonsense",
    ],
)
def test_where_webhooks_may_not_go_is_refused_when_it_is_said(api: Api, url: str) -> None:
    api.flask.extensions["farm"] = replace(api.farm, guard=Guard(resolve=names))
    made = made_endpoint(api, "https://public.example/hooks")
    for refused in (api.post(ENDPOINTS, {"url": url}), api.patch(f"{ENDPOINTS}/{made['id']}", {"url": url})):
        error = error_of(refused)
        assert (refused.status, error["details"]["field"]) == (422, "url")
        assert error["message"] == f"url: {GENERIC}"
    (kept,) = data_of(api.get(ENDPOINTS))["items"]
    assert (kept["id"], kept["url"]) == (made["id"], "https://public.example/hooks")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": None}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["video.exploded"]}, "event_types"),
        ({"event_types": ["webhook.test"]}, "event_types"),
        ({"per_minute": 0}, "per_minute"),
        ({"per_minute": 6001}, "per_minute"),
        ({"per_minute": True}, "per_minute"),
        ({"description": "a\u0007b"}, "description"),
        ({"secret": "v1,MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "secret"),
        ({"secret": "whsec_short"}, "secret"),
        ({"id": "whe_1"}, "id"),
    ],
)
def test_a_request_that_is_wrong_names_its_field_and_never_its_value(
    api: Api, change: dict[str, Any], field: str
) -> None:
    refused = api.post(ENDPOINTS, {"url": URL, **change})
    assert (refused.status, error_of(refused)["details"]["field"]) == (422, field)
    assert "MfKQ9r8" not in refused.data.decode() and "exploded" not in refused.data.decode()


def test_what_waits_for_a_disabled_one_fails_and_enabling_begins_anew(api: Api) -> None:
    endpoint_id = made_endpoint(api)["id"]
    path = f"{ENDPOINTS}/{endpoint_id}"
    message_id = made_message(api.farm.database, local_org_id(api), "video.succeeded")
    api.post(f"/api/webhooks/messages/{message_id}/resend", {"endpoint_id": endpoint_id})
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(failing_since=1.0, open_until=2.0, reopenings=3))
    troubled = data_of(api.get(path))["health"]
    assert (troubled["breaker"], troubled["pending"]) == ("half_open", 1)
    off = data_of(api.patch(path, {"enabled": False}))
    assert (off["status"], off["disabled_reason"], off["disabled_at"] is None) == ("disabled", "asked", False)
    # Somebody has asked for this one by hand: it goes even so.
    assert [row.status for row in deliveries(api.farm.database, message_id)] == [DeliveryStatus.PENDING]
    again = data_of(api.patch(path, {"enabled": False}))
    assert again["disabled_at"] == off["disabled_at"]
    on = data_of(api.patch(path, {"enabled": True}))
    assert (on["status"], on["disabled_reason"], on["disabled_at"]) == ("enabled", None, None)
    assert (on["health"]["failing_since"], on["health"]["breaker"]) == (None, "closed")
    assert api.ask("DELETE", path).status == 200
    (row,) = deliveries(api.farm.database, message_id)
    assert (row.status, row.next_at, row.is_manual) == (DeliveryStatus.FAILED, None, False)
    assert row.finished_at is not None


def test_another_address_begins_with_a_clean_health(api: Api) -> None:
    path = f"{ENDPOINTS}/{made_endpoint(api)['id']}"
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(failing_since=1.0, open_until=9e9))
    assert data_of(api.patch(path, {"url": URL}))["health"]["breaker"] == "open"
    moved = data_of(api.patch(path, {"url": "https://1.0.0.1/"}))
    assert (moved["url"], moved["health"]["breaker"], moved["health"]["failing_since"]) == (
        "https://1.0.0.1/",
        "closed",
        None,
    )


def test_an_organisation_has_its_share_of_endpoints(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", {"WEBHOOK_MAX_ENDPOINTS": "2"}) as api:
        first = made_endpoint(api)
        made_endpoint(api)
        assert data_of(api.get("/api/limits"))["quotas"]["webhook_endpoints"] == {"limit": 2, "used": 2, "left": 0}
        refused = api.post(ENDPOINTS, {"url": URL})
        assert (refused.status, error_of(refused)["error_code"]) == (429, "QUOTA_EXCEEDED")
        assert error_of(refused)["details"] == {"quota": "webhook_endpoints", "used": 2, "limit": 2}
        made_endpoint(api.stranger())
        api.ask("DELETE", f"{ENDPOINTS}/{first['id']}")
        made_endpoint(api)


def test_those_who_ask_at_once_get_no_more_than_their_share(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", {"WEBHOOK_MAX_ENDPOINTS": "2"}) as api:
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda _: api.post(ENDPOINTS, {"url": URL}).status, range(6)))
        assert sorted(statuses) == [201, 201, 429, 429, 429, 429]


def test_pages_walk_both_ways_and_filters_hold(api: Api) -> None:
    ids = [made_endpoint(api)["id"] for _ in range(4)]
    ids.reverse()
    older = data_of(api.get(f"{ENDPOINTS}?limit=2&starting_after={ids[0]}"))
    newer = data_of(api.get(f"{ENDPOINTS}?limit=2&ending_before={ids[3]}"))
    assert [item["id"] for item in older["items"]] == [item["id"] for item in newer["items"]] == ids[1:3]
    assert older["has_more"] and newer["has_more"]
    api.patch(f"{ENDPOINTS}/{ids[1]}", {"enabled": False})
    assert [item["id"] for item in data_of(api.get(f"{ENDPOINTS}?status=disabled"))["items"]] == [ids[1]]
    enabled = data_of(api.get(f"{ENDPOINTS}?status=enabled"))["items"]
    assert [item["id"] for item in enabled] == [ids[0], *ids[2:]]
    # Whoever turns pages while one is deleted goes on behind it.
    api.ask("DELETE", f"{ENDPOINTS}/{ids[1]}")
    behind = data_of(api.get(f"{ENDPOINTS}?starting_after={ids[1]}"))["items"]
    assert [item["id"] for item in behind] == ids[2:]


def test_one_that_a_request_brought_is_told_apart(api: Api) -> None:
    made = made_endpoint(api)
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(is_for_jobs=True, secret=None))
    assert data_of(api.get(ENDPOINTS))["items"] == []
    (shown,) = data_of(api.get(f"{ENDPOINTS}?for_jobs=true"))["items"]
    assert (shown["id"], shown["for_jobs"]) == (made["id"], True)
    assert error_of(api.get(f"{ENDPOINTS}?for_jobs=yes"))["details"]["field"] == "for_jobs"
    path = f"{ENDPOINTS}/{made['id']}"
    for refused in (
        api.patch(path, {"url": "https://1.0.0.1/"}),
        api.patch(path, {"event_types": ["video.failed"]}),
        api.post(path + "/rotate-secret", {}),
        api.post(path + "/replay-missing", {"since": made["created_at"]}),
    ):
        assert (refused.status, error_of(refused)["error_code"]) == (409, "CONFLICT")
    assert data_of(api.patch(path, {"enabled": False, "per_minute": 6}))["status"] == "disabled"
    assert data_of(api.get("/api/limits"))["quotas"]["webhook_endpoints"]["used"] == 0


def test_anothers_endpoints_are_as_absent_as_those_that_never_were(api: Api) -> None:
    made, stranger = made_endpoint(api), api.stranger()
    for method, act in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test")):
        body = {} if method == "GET" else {"body": b"{}", "headers": {"Content-Type": "application/json"}}
        theirs = stranger.ask(method, f"{ENDPOINTS}/{made['id']}{act}", **body)
        never = stranger.ask(method, f"{ENDPOINTS}/whe_0000000000000000{act}", **body)
        assert theirs.status == never.status == 404
        assert {**error_of(theirs), "correlation_id": ""} == {**error_of(never), "correlation_id": ""}
    assert data_of(stranger.get(ENDPOINTS))["items"] == []
    assert stranger.get(f"{ENDPOINTS}?starting_after={made['id']}").status == 400


def test_the_scope_is_asked_for(api: Api) -> None:
    assert api.limited(Scope.ADMIN, Scope.JOBS_WRITE).get(ENDPOINTS).status == 403
    assert api.limited(Scope.WEBHOOKS_MANAGE).get(ENDPOINTS).status == 200


def test_the_audit_log_says_what_changed(api: Api) -> None:
    path = f"{ENDPOINTS}/{made_endpoint(api, secret='whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')['id']}"
    api.patch(path, {"enabled": False})
    api.patch(path, {"enabled": False})
    api.post(path + "/rotate-secret", {})
    api.ask("DELETE", path)
    made, changed, rotated, deleted = audited(api.farm.database)
    assert made.after == {"url": URL, "description": "", "event_types": None, "per_minute": None, "enabled": True}
    assert (changed.before, changed.after) == (made.after, {**made.after, "enabled": False})
    assert rotated.after is not None and set(rotated.after) == {"url", "old_secret_signs_until"}
    assert (deleted.before, deleted.after) == (changed.after, None)
    assert "whsec_" not in json.dumps([[row.before, row.after] for row in (made, changed, rotated, deleted)])


def test_what_the_farm_has_disabled_says_why(api: Api) -> None:
    path = f"{ENDPOINTS}/{made_endpoint(api)['id']}"
    with api.farm.database.begin() as session:
        disable(session, session.scalars(select(WebhookEndpoint)).one(), DisabledReason.GONE, 1_700_000_000.0)
    told = data_of(api.get(path))
    assert (told["status"], told["disabled_reason"], told["disabled_at"]) == (
        "disabled",
        "gone",
        "2023-11-14T22:13:20.000Z",
    )
    assert data_of(replace(api).patch(path, {"enabled": True}))["status"] == "enabled"
