"""Webhooks from the request that says where they go to the receiver that verifies them, with a loop that sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix
from sqlalchemy import update

from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookEndpoint
from app.models.database import Database
from app.webhooks.exchange import Exchange
from tests.api_server import Api, data_of, local_org_id, serve
from tests.waiting import wait_for
from tests.webhook_endpoints import ended, made_endpoint, made_message
from workers.delivery_loop import DeliveryLoop
from workers.webhook_receiver import Behaviour, Receiver

ENDPOINTS = "/api/webhooks/endpoints"
MESSAGES = "/api/webhooks/messages"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}) as api:
        yield api


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@contextmanager
def sending(api: Api) -> Iterator[None]:
    exchange = Exchange(api.farm.guard)
    loop = DeliveryLoop(api.farm.database, api.farm.sealer, exchange, 4)
    loop.start()
    try:
        yield
    finally:
        loop.stop(grace_s=20.0)
        exchange.close()


def settled(api: Api, message_id: str) -> dict[str, Any]:
    """The one delivery of a message, once nothing more of it is due at once."""

    def ask() -> dict[str, Any] | None:
        (delivery,) = data_of(api.get(f"{MESSAGES}/{message_id}"))["deliveries"]
        return delivery if delivery["status"] in ("delivered", "failed") else None

    return wait_for(ask)


def attempts(api: Api, message_id: str) -> list[dict[str, Any]]:
    """The oldest first."""
    items: list[dict[str, Any]] = data_of(api.get(f"{MESSAGES}/{message_id}/attempts"))["items"]
    return items[::-1]


def test_a_test_arrives_signed_with_the_old_secret_and_the_new_one(api: Api, receiver: Receiver) -> None:
    made = made_endpoint(api, receiver.url)
    new = data_of(api.post(f"{ENDPOINTS}/{made['id']}/rotate-secret", {}))["secret"]
    with sending(api):
        message = data_of(api.ask("POST", f"{ENDPOINTS}/{made['id']}/test"))
        assert settled(api, message["id"])["status"] == "delivered"
    (received,) = receiver.received
    assert received.id == message["id"]
    for secret in (made["secret"], new):
        for library in (standardwebhooks.Webhook, svix.Webhook):
            library(secret).verify(received.body, dict(received.headers))
    (attempt,) = attempts(api, message["id"])
    assert (attempt["manual"], attempt["status"], attempt["status_code"]) == (True, "succeeded", 200)
    assert attempt["response"] == "thank you\n"


def test_what_failed_is_recovered_under_the_same_id(api: Api, receiver: Receiver) -> None:
    made = made_endpoint(api, receiver.url)
    messages = [made_message(api.farm.database, local_org_id(api), "video.succeeded") for _ in range(3)]
    for message_id in messages:
        api.post(f"{MESSAGES}/{message_id}/resend", {"endpoint_id": made["id"]})
        ended(api.farm.database, message_id, DeliveryStatus.FAILED)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    with sending(api):
        assert data_of(api.post(f"{ENDPOINTS}/{made['id']}/recover", {"since": since}))["sent"] == 3
        for message_id in messages:
            assert settled(api, message_id)["status"] == "delivered"
    assert {received.id for received in receiver.received} == set(messages)


def test_a_failure_by_hand_is_told_and_not_tried_again_and_says_nothing_of_health(api: Api, receiver: Receiver) -> None:
    receiver.behaviour = Behaviour(answer=500, text="No.")
    made = made_endpoint(api, receiver.url)
    with sending(api):
        message = data_of(api.ask("POST", f"{ENDPOINTS}/{made['id']}/test"))
        delivery = settled(api, message["id"])
    assert (delivery["status"], delivery["attempts"], delivery["next_at"]) == ("failed", 0, None)
    (attempt,) = attempts(api, message["id"])
    assert (attempt["error"], attempt["status_code"], attempt["response"]) == ("status", 500, "No.")
    assert attempt["next_at"] is None
    assert data_of(api.get(f"{ENDPOINTS}/{made['id']}"))["health"]["failing_since"] is None


def test_a_disabled_endpoint_gets_what_is_asked_for_by_hand_and_a_deleted_one_nothing(
    api: Api, receiver: Receiver
) -> None:
    made = made_endpoint(api, receiver.url)
    api.patch(f"{ENDPOINTS}/{made['id']}", {"enabled": False})
    with sending(api):
        first = data_of(api.ask("POST", f"{ENDPOINTS}/{made['id']}/test"))
        assert settled(api, first["id"])["status"] == "delivered"
    second = data_of(api.ask("POST", f"{ENDPOINTS}/{made['id']}/test"))
    api.ask("DELETE", f"{ENDPOINTS}/{made['id']}")
    with sending(api):
        assert settled(api, second["id"])["status"] == "failed"
    assert [received.id for received in receiver.received] == [first["id"]]


def test_what_goes_to_the_webhook_url_of_requests_is_signed_by_the_organisation(api: Api, receiver: Receiver) -> None:
    made = made_endpoint(api, receiver.url)
    own = data_of(api.post("/api/webhooks/secret/rotate", {}))["secret"]
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(is_for_jobs=True, secret=None))
    with sending(api):
        message = data_of(api.ask("POST", f"{ENDPOINTS}/{made['id']}/test"))
        assert settled(api, message["id"])["status"] == "delivered"
    (received,) = receiver.received
    standardwebhooks.Webhook(own).verify(received.body, dict(received.headers))
