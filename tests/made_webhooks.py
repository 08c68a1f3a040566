"""Endpoints and messages as the tables have them, for tests of what sends them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from app.domain.ids import new_id
from app.domain.webhook_signature import new_secret
from app.domain.webhook_states import AttemptError, DeliveryStatus
from app.domain.webhook_turns import Room
from app.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.services.sealing import Sealer
from app.services.webhook_claim import Claimed, claim
from app.services.webhook_outcomes import Sent, write_outcomes
from app.webhooks.exchange import Outcome

FARM_SECRET = "a secret of the tests, that nobody else has"
SEALER = Sealer(FARM_SECRET.encode())
SECRET = new_secret()
TAKEN = Outcome(200, None, "ok", 3, None)
PLENTY = Room(general=64)
REFUSED = Outcome(500, AttemptError.STATUS, "no", 3, None)


def make_endpoint(
    database: Database, org_id: int, url: str = "http://127.0.0.1:9/", sealer: Sealer = SEALER, **more: Any
) -> int:
    """An endpoint whose secret is SECRET; its row's id."""
    with database.begin() as session:
        now = database_now_s(session)
        values = {
            "public_id": new_id("whe"),
            "org_id": org_id,
            "url": url,
            "description": "",
            "is_for_jobs": False,
            "secret": sealer.seal(SECRET),
            "created_at": now,
            "updated_at": now,
        }
        endpoint = WebhookEndpoint(**{**values, **more})
        session.add(endpoint)
        session.flush()
        return endpoint.id


def make_messages(database: Database, org_id: int, endpoint_id: int, count: int = 1, **more: Any) -> list[int]:
    """Messages for the endpoint that are due now; the ids of their deliveries, in order."""
    with database.begin() as session:
        now = database_now_s(session)
        message = {"org_id": org_id, "type": "video.succeeded", "created_at": now}
        ids = session.scalars(
            insert(WebhookMessage).returning(WebhookMessage.id, sort_by_parameter_order=True),
            [
                {**message, "public_id": new_id("msg"), "body": f'{{"number": {number}}}'.encode()}
                for number in range(count)
            ],
        ).all()
        delivery = {
            "org_id": org_id,
            "endpoint_id": endpoint_id,
            "status": DeliveryStatus.PENDING,
            "attempts": 0,
            "token": 0,
            "is_manual": False,
            "created_at": now,
            **more,
        }
        return list(
            session.scalars(
                insert(WebhookDelivery).returning(WebhookDelivery.id, sort_by_parameter_order=True),
                # A moment apart, so that their order is known.
                [{"next_at": now - 1 + number / 1e6, **delivery, "message_id": id_} for number, id_ in enumerate(ids)],
            ).all()
        )


def endpoint_of(database: Database, endpoint_id: int) -> WebhookEndpoint:
    with database.read() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def delivery_of(database: Database, delivery_id: int) -> WebhookDelivery:
    with database.read() as session:
        return session.get_one(WebhookDelivery, delivery_id)


def attempts_of(database: Database, delivery_id: int) -> list[WebhookAttempt]:
    with database.read() as session:
        of_delivery = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id)
        return list(session.scalars(of_delivery.order_by(WebhookAttempt.id)))


def change(database: Database, table: Any, id_: int, **values: Any) -> None:
    with database.begin() as session:
        row = session.get_one(table, id_)
        for name, value in values.items():
            setattr(row, name, value)


def now_of(database: Database) -> float:
    with database.read() as session:
        return database_now_s(session)


def claim_all(database: Database, room: Room = PLENTY) -> list[Claimed]:
    return claim(database, SEALER, room)


def ended(database: Database, claimed: list[Claimed], outcome: Outcome = TAKEN) -> None:
    """All of them have been sent, and this came of each."""
    write_outcomes(database, [Sent(one, outcome, one.claimed_at) for one in claimed])
