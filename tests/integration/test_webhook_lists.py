"""Messages and the attempts to deliver them, as an organisation looks for what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from app.domain.ids import new_id
from app.domain.webhook_states import AttemptError, DeliveryStatus
from app.models import Job, WebhookAttempt, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from tests.api_server import Api, data_of, local_org_id, serve
from tests.webhook_endpoints import deliveries, ended, made_endpoint, made_message

MESSAGES = "/api/webhooks/messages"
ATTEMPTS = "/api/webhooks/attempts"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def made(api: Api, endpoint_id: str, type_: str, status: DeliveryStatus, *, age_s: float = 0.0) -> str:
    message_id = made_message(api.farm.database, local_org_id(api), type_, age_s=age_s)
    assert api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": endpoint_id}).status == 202
    ended(api.farm.database, message_id, status)
    return message_id


def attempted(api: Api, message_id: str, number: int, *, age_s: float = 0.0, **more: Any) -> str:
    """An attempt at its first delivery; its public id."""
    row, *_ = deliveries(api.farm.database, message_id)
    with api.farm.database.begin() as session:
        about = {
            "is_manual": False,
            "duration_ms": 84,
            "status_code": 204,
            "error": None,
            "response": "",
            "next_at": None,
        }
        attempt = WebhookAttempt(
            public_id=new_id("att"),
            org_id=row.org_id,
            delivery_id=row.id,
            endpoint_id=row.endpoint_id,
            number=number,
            at=database_now_s(session) - age_s,
            **{**about, **more},
        )
        session.add(attempt)
        return attempt.public_id


def found(api: Api, path: str, **wanted: str) -> list[str]:
    return [item["id"] for item in data_of(api.get(f"{path}?{urlencode(wanted)}"))["items"]]


def at(seconds_ago: float) -> str:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() - seconds_ago, UTC).isoformat()


def test_messages_are_found_by_what_they_are_and_what_became_of_them(api: Api) -> None:
    one, two = made_endpoint(api)["id"], made_endpoint(api)["id"]
    failed = made(api, one, "video.succeeded", DeliveryStatus.FAILED, age_s=300)
    other = made(api, two, "video.failed", DeliveryStatus.DELIVERED, age_s=200)
    waiting = made(api, one, "video.failed", DeliveryStatus.PENDING, age_s=100)
    assert found(api, MESSAGES) == [waiting, other, failed]
    assert found(api, MESSAGES, type="video.failed") == [waiting, other]
    assert found(api, MESSAGES, status="failed") == [failed]
    assert found(api, MESSAGES, endpoint=one) == [waiting, failed]
    assert found(api, MESSAGES, endpoint=one, status="delivered") == []
    assert found(api, MESSAGES, endpoint=two, status="delivered", type="video.failed") == [other]
    assert found(api, MESSAGES, since=at(250)) == [waiting, other]
    assert found(api, MESSAGES, until=at(250)) == [failed]
    shown = data_of(api.get(f"{MESSAGES}/{other}"))
    # The time that is shown finds what it was shown for.
    assert found(api, MESSAGES, since=shown["created_at"], until=at(150)) == [other]
    assert found(api, MESSAGES, endpoint="whe_0000000000000000") == found(api, MESSAGES, job="vid_0") == []
    assert api.get(f"{MESSAGES}?status=lost").status == 422


def test_messages_of_a_job_are_found_by_its_id(api: Api) -> None:
    endpoint_id, job_id = made_endpoint(api)["id"], api.accept()["id"]
    about = made(api, endpoint_id, "video.started", DeliveryStatus.DELIVERED)
    made(api, endpoint_id, "video.started", DeliveryStatus.DELIVERED)
    with api.farm.database.begin() as session:
        row_id = session.execute(select(Job.id).where(Job.public_id == job_id)).scalar_one()
        session.execute(update(WebhookMessage).where(WebhookMessage.public_id == about).values(job_id=row_id))
    (shown,) = [
        item for item in data_of(api.get(f"{MESSAGES}?job={job_id}&type=video.started"))["items"] if item["id"] == about
    ]
    assert shown["job_id"] == job_id
    assert data_of(api.get(f"{MESSAGES}/{about}"))["body"] == {"type": "video.started", "data": {}}


def test_attempts_are_found_by_what_came_of_them(api: Api) -> None:
    one, two = made_endpoint(api)["id"], made_endpoint(api)["id"]
    first = made(api, one, "video.succeeded", DeliveryStatus.DELIVERED)
    second = made(api, two, "video.failed", DeliveryStatus.FAILED)
    refused = attempted(
        api, first, 1, age_s=30, status_code=500, error=AttemptError.STATUS, response="No.", next_at=9e9
    )
    worked = attempted(api, first, 2, age_s=20)
    by_hand = attempted(api, second, 8, is_manual=True, status_code=None, error=AttemptError.TIMEOUT)
    assert found(api, ATTEMPTS) == [by_hand, worked, refused]
    assert found(api, ATTEMPTS, status="failed") == [by_hand, refused]
    assert found(api, ATTEMPTS, status="succeeded") == [worked]
    assert found(api, ATTEMPTS, endpoint=one) == [worked, refused]
    assert found(api, ATTEMPTS, type="video.failed") == [by_hand]
    assert found(api, ATTEMPTS, since=at(25), until=at(10)) == [worked]
    listed = data_of(api.get(ATTEMPTS))["items"]
    assert all("response" not in item for item in listed)
    assert (listed[0]["manual"], listed[0]["status_code"], listed[0]["error"]) == (True, None, "timeout")
    assert found(api, f"{MESSAGES}/{first}/attempts") == [worked, refused]
    whole = data_of(api.get(f"{MESSAGES}/{first}/attempts?limit=1&starting_after={worked}"))["items"]
    assert whole == [{**listed[2], "response": "No."}]
    assert whole[0]["message_id"] == first and whole[0]["endpoint_id"] == one


@pytest.mark.parametrize("path", [MESSAGES, ATTEMPTS])
def test_pages_walk_both_ways(api: Api, path: str) -> None:
    endpoint_id = made_endpoint(api)["id"]
    messages = [made(api, endpoint_id, "video.failed", DeliveryStatus.FAILED, age_s=10 - place) for place in range(5)]
    for place, message_id in enumerate(messages):
        attempted(api, message_id, 1, age_s=10 - place)
    everything = found(api, path)
    assert len(everything) == 5
    older = data_of(api.get(f"{path}?limit=2&starting_after={everything[0]}"))
    newer = data_of(api.get(f"{path}?limit=2&ending_before={everything[3]}"))
    assert [item["id"] for item in older["items"]] == [item["id"] for item in newer["items"]] == everything[1:3]
    assert older["has_more"] and newer["has_more"]
    stranger = api.stranger()
    assert found(stranger, path) == []
    assert stranger.get(f"{path}?starting_after={everything[0]}").status == 400
    assert api.get(f"{path}?starting_after=nothing").status == 400


def test_anothers_message_is_as_absent_as_one_that_never_was(api: Api) -> None:
    message_id = made(api, made_endpoint(api)["id"], "video.failed", DeliveryStatus.FAILED)
    stranger = api.stranger()
    for path in (f"{MESSAGES}/{message_id}", f"{MESSAGES}/{message_id}/attempts", f"{MESSAGES}/msg_0"):
        assert stranger.get(path).status == 404


def test_what_a_deleted_endpoint_got_can_still_be_read(api: Api) -> None:
    endpoint_id = made_endpoint(api)["id"]
    message_id = made(api, endpoint_id, "video.failed", DeliveryStatus.DELIVERED)
    attempt_id = attempted(api, message_id, 1)
    assert api.ask("DELETE", f"/api/webhooks/endpoints/{endpoint_id}").status == 200
    assert found(api, MESSAGES, endpoint=endpoint_id) == [message_id]
    assert found(api, ATTEMPTS, endpoint=endpoint_id) == [attempt_id]
    with api.farm.database.read() as session:
        assert session.scalars(select(WebhookEndpoint.secret)).one() is None
