"""`GET /api/webhooks/event-types`: what webhooks tell, with schemas and examples."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from app.api.answers import success
from app.api.schemas import Envelope
from app.domain.webhook_events import CATALOGUE, SUBSCRIBABLE, TEST

webhook_event_types = APIBlueprint("webhook_event_types", __name__, tag="Webhooks")


SHOWN = CATALOGUE[TEST]


class EventType(BaseModel):
    name: str = Field(examples=[SHOWN.name])
    description: str = Field(examples=[SHOWN.description])
    is_default: bool = Field(description="Whether endpoints that name no types get it.", examples=[False])
    is_subscribable: bool = Field(
        description="Whether an endpoint may name it: a test comes to whoever asks for one.", examples=[False]
    )
    body_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of the whole body.", examples=[SHOWN.schema])
    example: dict[str, Any] = Field(description="A whole body.", examples=[SHOWN.example_body])


class EventTypes(BaseModel):
    items: list[EventType]


class EventTypesAnswer(Envelope):
    data: EventTypes


@webhook_event_types.get("/api/webhooks/event-types")
@webhook_event_types.output(EventTypesAnswer)
@webhook_event_types.doc(operation_id="listWebhookEventTypes")
def index() -> Response:
    """List what webhooks tell"""
    items = [
        EventType(
            name=type_.name,
            description=type_.description,
            is_default=type_.name in SUBSCRIBABLE and type_.is_default,
            is_subscribable=type_.name in SUBSCRIBABLE,
            body_schema=type_.schema,
            example=type_.example_body,
        )
        for type_ in CATALOGUE.values()
    ]
    return success(EventTypes(items=items))
