"""Endpoints as rows, and the messages that they are to get."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.domain.ids import new_id
from app.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database


@dataclass(frozen=True)
class Told:
    """A message that an endpoint is to get, as its body says it."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]
    raw: bytes


def make_endpoint(database: Database, org_id: int, event_types: list[str] | None = None, **values: Any) -> int:
    """An endpoint's row id."""
    row = {
        "public_id": new_id("whe"),
        "url": "https://hooks.example.com/",
        "description": "",
        "is_for_jobs": False,
        "created_at": 0.0,
        "updated_at": 0.0,
        **values,
    }
    with database.begin() as session:
        endpoint = WebhookEndpoint(org_id=org_id, event_types=event_types, **row)
        session.add(endpoint)
        session.flush()
        return endpoint.id


def told(database: Database, endpoint_id: int) -> list[Told]:
    """In the order in which they were written."""
    with database.read() as session:
        rows = session.execute(
            select(WebhookMessage.public_id, WebhookMessage.body)
            .join(WebhookDelivery, WebhookDelivery.message_id == WebhookMessage.id)
            .where(WebhookDelivery.endpoint_id == endpoint_id)
            .order_by(WebhookMessage.id)
        ).tuples()
        return [Told(id_, **json.loads(body), raw=body) for id_, body in rows]


def types(database: Database, endpoint_id: int) -> list[str]:
    return [message.type for message in told(database, endpoint_id)]
