"""Webhook endpoints of an API for tests, and messages for them in whatever state."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from app.domain.ids import new_id
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookDelivery, WebhookMessage
from app.models.database import Database, database_now_s
from tests.api_server import Api, data_of

# An address in the public internet that is nobody's name: nothing is looked up, and nothing is sent in these tests.
URL = "https://1.1.1.1/webhooks"


def made_endpoint(api: Api, url: str = URL, **more: Any) -> dict[str, Any]:
    """As it was answered, with its secret."""
    answer = api.post("/api/webhooks/endpoints", {"url": url, **more})
    assert answer.status == 201, answer.data
    return data_of(answer)


def made_message(database: Database, org_id: int, type_: str, *, age_s: float = 0.0) -> str:
    """A message that is on its way to nobody; its public id."""
    with database.begin() as session:
        message = WebhookMessage(
            public_id=new_id("msg"),
            org_id=org_id,
            type=type_,
            body=f'{{"type": "{type_}", "data": {{}}}}'.encode(),
            created_at=database_now_s(session) - age_s,
        )
        session.add(message)
        return message.public_id


def deliveries(database: Database, message_id: str) -> list[WebhookDelivery]:
    with database.read() as session:
        found = select(WebhookDelivery).join(WebhookMessage).where(WebhookMessage.public_id == message_id)
        return list(session.scalars(found.order_by(WebhookDelivery.id)))


def ended(database: Database, message_id: str, status: DeliveryStatus) -> None:
    """Its deliveries have come to this."""
    values = {"status": status, "is_manual": False, "next_at": None, "resume_at": None}
    change(database, message_id, **values)


def change(database: Database, message_id: str, **values: Any) -> None:
    """Its deliveries have these values now."""
    named = select(WebhookMessage.id).where(WebhookMessage.public_id == message_id).scalar_subquery()
    with database.begin() as session:
        session.execute(update(WebhookDelivery).where(WebhookDelivery.message_id == named).values(**values))
