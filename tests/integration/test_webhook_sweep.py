"""What is kept of webhooks, and for how long: on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.domain.ids import new_id
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database
from app.services.webhook_sweep import KEPT_S, sweep_webhooks, sweep_webhooks_now_and_then
from tests.made_webhooks import change, make_endpoint, make_messages, now_of


@pytest.fixture
def endpoint(database: Database, org_id: int) -> int:
    return make_endpoint(database, org_id)


def make_attempt(database: Database, delivery_id: int) -> None:
    with database.begin() as session:
        delivery = session.get_one(WebhookDelivery, delivery_id)
        session.add(
            WebhookAttempt(
                public_id=new_id("att"),
                org_id=delivery.org_id,
                delivery_id=delivery_id,
                endpoint_id=delivery.endpoint_id,
                number=1,
                is_manual=False,
                at=delivery.created_at,
                duration_ms=1,
                response="",
            )
        )


def test_a_sweep_forgets_what_is_older_than_thirty_days_and_nothing_that_is_needed(
    database: Database, org_id: int, endpoint: int
) -> None:
    old, kept, live = make_messages(database, org_id, endpoint, 3)
    change(database, WebhookDelivery, old, status=DeliveryStatus.DELIVERED)
    change(database, WebhookDelivery, kept, status=DeliveryStatus.DELIVERED)
    for delivery in (old, kept, live):
        make_attempt(database, delivery)
    long_ago = now_of(database) - KEPT_S - 60
    with database.begin() as session:
        for message in session.scalars(select(WebhookMessage)):
            message.created_at = long_ago
        for attempt in session.scalars(select(WebhookAttempt).where(WebhookAttempt.delivery_id != kept)):
            attempt.at = long_ago
    assert sweep_webhooks(database) == (2, 1)
    with database.read() as session:
        assert set(session.scalars(select(WebhookDelivery.id))) == {kept, live}
        assert set(session.scalars(select(WebhookAttempt.delivery_id))) == {kept}
    assert sweep_webhooks(database) == (0, 0)


def test_one_of_many_dispatchers_sweeps(database: Database, org_id: int, endpoint: int) -> None:
    make_messages(database, org_id, endpoint, status=DeliveryStatus.FAILED)
    with database.begin() as session:
        session.scalars(select(WebhookMessage)).one().created_at = 1.0
    sweep_webhooks_now_and_then(database)
    sweep_webhooks_now_and_then(database)
    with database.read() as session:
        assert session.scalars(select(WebhookMessage)).all() == []


def test_what_waits_for_a_deleted_endpoint_is_needed_by_nobody(database: Database, org_id: int, endpoint: int) -> None:
    make_messages(database, org_id, endpoint)
    change(database, WebhookEndpoint, endpoint, deleted_at=1.0)
    with database.begin() as session:
        session.scalars(select(WebhookMessage)).one().created_at = 1.0
    assert sweep_webhooks(database) == (0, 1)
