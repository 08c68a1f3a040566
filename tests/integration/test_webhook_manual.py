"""Webhooks by hand: what is asked for goes out at once, once, and leaves the schedule as it was."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, now_s
from app.services import webhook_manual
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.webhook_endpoints import change, deliveries, ended, made_endpoint, made_message

ENDPOINTS = "/api/webhooks/endpoints"
MESSAGES = "/api/webhooks/messages"
AGO = {"since": datetime.fromtimestamp(datetime.now(UTC).timestamp() - 86_400, UTC).isoformat()}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def made(api: Api, type_: str = "video.succeeded", **more: Any) -> str:
    return made_message(api.farm.database, local_org_id(api), type_, **more)


def is_asked_for(row: WebhookDelivery, database: Database) -> bool:
    """It goes out now, by hand."""
    with database.read() as session:
        is_due = row.next_at is not None and row.next_at <= session.execute(select(now_s())).scalar_one()
    return is_due and (row.status, row.is_manual, row.finished_at) == (DeliveryStatus.PENDING, True, None)


def test_a_test_goes_to_this_endpoint_alone_even_if_it_is_disabled(api: Api) -> None:
    made_endpoint(api)
    endpoint_id = made_endpoint(api)["id"]
    api.patch(f"{ENDPOINTS}/{endpoint_id}", {"enabled": False})
    answer = api.ask("POST", f"{ENDPOINTS}/{endpoint_id}/test")
    assert answer.status == 202
    message = data_of(answer)
    assert message["type"] == message["body"]["type"] == "webhook.test"
    assert [delivery["endpoint_id"] for delivery in message["deliveries"]] == [endpoint_id]
    assert data_of(api.get(f"{MESSAGES}/{message['id']}")) == message
    (row,) = deliveries(api.farm.database, message["id"])
    assert is_asked_for(row, api.farm.database) and row.attempts == 0 and row.resume_at is None


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED])
def test_one_that_has_ended_is_sent_again_with_no_schedule(api: Api, status: DeliveryStatus) -> None:
    database, message_id = api.farm.database, made(api)
    endpoint_id = made_endpoint(api)["id"]
    api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id})
    change(database, message_id, status=status, is_manual=False, next_at=None, finished_at=5.0, attempts=8)
    resent = api.ask("POST", f"{MESSAGES}/{message_id}/resend")
    assert resent.status == 202 and data_of(resent)["deliveries"][0]["status"] == "pending"
    (row,) = deliveries(database, message_id)
    assert is_asked_for(row, database) and (row.resume_at, row.attempts) == (None, 8)


def test_one_that_waits_goes_on_with_its_schedule_afterwards(api: Api) -> None:
    database, message_id = api.farm.database, made(api)
    endpoint_id = made_endpoint(api)["id"]
    api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id})
    change(database, message_id, is_manual=False, next_at=9e9, attempts=3)
    for _ in range(2):
        assert api.ask("POST", f"{MESSAGES}/{message_id}/resend").status == 202
        (row,) = deliveries(database, message_id)
        # Asked for twice it is sent once, and the schedule is not forgotten.
        assert is_asked_for(row, database) and (row.resume_at, row.attempts) == (9e9, 3)


def test_one_that_is_being_sent_is_left_alone(api: Api) -> None:
    database, message_id = api.farm.database, made(api)
    endpoint_id = made_endpoint(api)["id"]
    api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id})
    change(database, message_id, status=DeliveryStatus.SENDING, is_manual=False)
    for body in ({}, {"endpoint_id": endpoint_id}):
        refused = api.post(f"{MESSAGES}/{message_id}/resend", body)
        assert (refused.status, error_of(refused)["error_code"]) == (409, "CONFLICT")
    (row,) = deliveries(database, message_id)
    assert (row.status, row.is_manual) == (DeliveryStatus.SENDING, False)


def test_it_goes_to_all_that_it_was_for_and_that_are_still_there(api: Api) -> None:
    message_id, ids = made(api), [made_endpoint(api)["id"] for _ in range(3)]
    refused = api.post(f"{MESSAGES}/{message_id}/resend", {})
    assert refused.status == 409
    for endpoint_id in ids[:2]:
        api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id})
    ended(api.farm.database, message_id, DeliveryStatus.DELIVERED)
    api.ask("DELETE", f"{ENDPOINTS}/{ids[0]}")
    resent = data_of(api.post(f"{MESSAGES}/{message_id}/resend", {}))
    assert {one["endpoint_id"]: one["status"] for one in resent["deliveries"]} == {
        ids[0]: "delivered",
        ids[1]: "pending",
    }
    assert api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": ids[0]}).status == 404
    assert api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": "whe_0000000000000000"}).status == 404


def test_all_that_failed_since_then_is_recovered_once(api: Api) -> None:
    database, endpoint_id = api.farm.database, made_endpoint(api)["id"]
    other_id = made_endpoint(api)["id"]
    failed, delivered, old = made(api), made(api), made(api, age_s=2 * 86_400)
    for message_id in (failed, delivered, old):
        for one in (endpoint_id, other_id):
            api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": one})
        ended(database, message_id, DeliveryStatus.DELIVERED if message_id == delivered else DeliveryStatus.FAILED)
    recovered = api.post(f"{ENDPOINTS}/{endpoint_id}/recover", AGO)
    assert (recovered.status, data_of(recovered)) == (202, {"sent": 1, "more": False})
    ours, others = deliveries(database, failed)
    assert is_asked_for(ours, database) and others.status == DeliveryStatus.FAILED
    assert {row.status for row in deliveries(database, old)} == {DeliveryStatus.FAILED}
    assert data_of(api.post(f"{ENDPOINTS}/{endpoint_id}/recover", AGO))["sent"] == 0


def test_what_is_missing_is_sent_and_nothing_else(api: Api) -> None:
    database = api.farm.database
    missed, known, old = made(api), made(api), made(api, age_s=2 * 86_400)
    others = made(api, "video.failed")
    noisy = made(api, "video.progress")
    theirs = made_message(database, local_org_id(api.stranger()), "video.succeeded")
    endpoint_id = made_endpoint(api, event_types=["video.succeeded"])["id"]
    api.post(f"{MESSAGES}/{known}/resend", {"endpoint_id": endpoint_id})
    ended(database, known, DeliveryStatus.DELIVERED)
    assert data_of(api.post(f"{ENDPOINTS}/{endpoint_id}/replay-missing", AGO)) == {"sent": 1, "more": False}
    (row,) = deliveries(database, missed)
    assert is_asked_for(row, database) and (row.attempts, row.resume_at) == (0, None)
    assert [row.status for row in deliveries(database, known)] == [DeliveryStatus.DELIVERED]
    assert [deliveries(database, one) for one in (old, others, noisy, theirs)] == [[], [], [], []]
    assert data_of(api.post(f"{ENDPOINTS}/{endpoint_id}/replay-missing", AGO))["sent"] == 0
    # With all that is on by default it asks for the failed one too, and still not for progress.
    api.patch(f"{ENDPOINTS}/{endpoint_id}", {"event_types": None})
    assert data_of(api.post(f"{ENDPOINTS}/{endpoint_id}/replay-missing", AGO))["sent"] == 1
    assert deliveries(database, noisy) == []


@pytest.mark.parametrize("act", ["recover", "replay-missing"])
def test_many_go_out_in_batches_up_to_a_number(api: Api, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_manual, "BATCH", 3)
    monkeypatch.setattr(webhook_manual, "MOST_AT_ONCE", 6)
    endpoint_id, messages = made_endpoint(api)["id"], [made(api) for _ in range(8)]
    if act == "recover":
        for message_id in messages:
            api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id})
            ended(api.farm.database, message_id, DeliveryStatus.FAILED)
    path = f"{ENDPOINTS}/{endpoint_id}/{act}"
    assert data_of(api.post(path, AGO)) == {"sent": 6, "more": True}
    asked_for = [any(row.is_manual for row in deliveries(api.farm.database, one)) for one in messages]
    assert asked_for == [True] * 6 + [False] * 2
    assert data_of(api.post(path, AGO)) == {"sent": 2, "more": False}


@pytest.mark.parametrize("act", ["recover", "replay-missing"])
def test_neither_goes_back_far_nor_to_a_disabled_endpoint(api: Api, act: str) -> None:
    endpoint_id = made_endpoint(api)["id"]
    path = f"{ENDPOINTS}/{endpoint_id}/{act}"
    long_ago = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 15 * 86_400, UTC).isoformat()
    for body in ({"since": long_ago}, {"since": "2026-01-31T09:30:00"}, {"since": None}, {}):
        refused = api.post(path, body)
        assert (refused.status, error_of(refused)["details"]["field"]) == (422, "since")
    api.patch(f"{ENDPOINTS}/{endpoint_id}", {"enabled": False})
    assert api.post(path, AGO).status == 409
    assert api.stranger().post(path, AGO).status == 404


def test_several_who_ask_at_once_send_each_message_once(api: Api) -> None:
    endpoint_id, messages = made_endpoint(api)["id"], [made(api) for _ in range(30)]
    path = f"{ENDPOINTS}/{endpoint_id}/replay-missing"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: data_of(api.post(path, AGO)), range(4)))
    assert sum(answer["sent"] for answer in answers) == len(messages)
    assert [len(deliveries(api.farm.database, one)) for one in messages] == [1] * len(messages)
    with ThreadPoolExecutor(4) as pool:
        body = {"endpoint_id": made_endpoint(api)["id"]}
        resent = list(pool.map(lambda _: api.post(f"{MESSAGES}/{messages[0]}/resend", body).status, range(4)))
    assert resent == [202] * 4 and len(deliveries(api.farm.database, messages[0])) == 2


def test_the_same_idempotency_key_sends_once(api: Api) -> None:
    endpoint_id = made_endpoint(api)["id"]
    first, again = (
        data_of(api.ask("POST", f"{ENDPOINTS}/{endpoint_id}/test", headers={"Idempotency-Key": "k"})) for _ in range(2)
    )
    assert first == again
    with api.farm.database.read() as session:
        assert len(session.scalars(select(WebhookMessage)).all()) == 1


def test_anothers_messages_and_endpoints_are_absent(api: Api) -> None:
    message_id, stranger = made(api), api.stranger()
    assert stranger.post(f"{MESSAGES}/{message_id}/resend", {}).status == 404
    theirs = made_endpoint(stranger)["id"]
    assert api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": theirs}).status == 404
    assert stranger.ask("POST", f"{ENDPOINTS}/{theirs}/test").status == 202
    assert api.ask("POST", f"{ENDPOINTS}/{theirs}/test").status == 404


def test_a_manual_send_to_an_endpoint_says_nothing_about_its_health(api: Api) -> None:
    endpoint_id = made_endpoint(api)["id"]
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(failing_since=5.0, open_until=9e9, reopenings=2))
    api.ask("POST", f"{ENDPOINTS}/{endpoint_id}/test")
    health = data_of(api.get(f"{ENDPOINTS}/{endpoint_id}"))["health"]
    assert (health["failing_since"], health["breaker"], health["pending"]) == ("1970-01-01T00:00:05.000Z", "open", 1)
