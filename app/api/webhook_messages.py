"""`/api/webhooks/messages` and `/api/webhooks/attempts`: what was sent, and what came of it."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.cursors import PageQuery
from app.api.facts import Facts
from app.api.webhook_manual import next_of_a_message, whole
from app.api.webhook_message_schemas import (
    AttemptQuery,
    MessageQuery,
    WebhookAttempt,
    WebhookAttemptPage,
    WebhookAttemptPageAnswer,
    WebhookMessage,
    WebhookMessagePage,
    WebhookMessagePageAnswer,
    WholeWebhookAttempt,
    WholeWebhookAttemptPage,
    WholeWebhookAttemptPageAnswer,
    WholeWebhookMessageAnswer,
)
from app.services.webhook_lists import get_message, list_attempts, list_attempts_at, list_messages

webhook_messages = APIBlueprint("webhook_messages", __name__, tag="Webhooks")


@webhook_messages.get("/api/webhooks/messages")
@webhook_messages.input(MessageQuery, location="query")
@webhook_messages.output(WebhookMessagePageAnswer)
@webhook_messages.doc(
    operation_id="listWebhookMessages", responses={400: "The cursor is not one of your webhook messages"}
)
@Facts(leads_to=next_of_a_message("items/0/id"))
def index(query_data: MessageQuery) -> Response:
    """List the messages

    Each with where it is on its way to. They are kept for 30 days.
    """
    org_id = current_caller().org_id
    page = list_messages(current_farm().database, org_id, query_data.to_cut(), query_data.to_filter())
    items = [WebhookMessage(**asdict(message)) for message in page.items]
    return success(WebhookMessagePage(items=items, has_more=page.has_more))


@webhook_messages.get("/api/webhooks/messages/<message_id>")
@webhook_messages.output(WholeWebhookMessageAnswer)
@webhook_messages.doc(operation_id="getWebhookMessage")
def show(message_id: str) -> Response:
    """Look at a message

    With what is sent.
    """
    return success(whole(get_message(current_farm().database, current_caller().org_id, message_id)))


@webhook_messages.get("/api/webhooks/messages/<message_id>/attempts")
@webhook_messages.input(PageQuery, location="query")
@webhook_messages.output(WholeWebhookAttemptPageAnswer)
@webhook_messages.doc(
    operation_id="listWebhookMessageAttempts", responses={400: "The cursor is not one of your webhook attempts"}
)
def attempts(message_id: str, query_data: PageQuery) -> Response:
    """List the attempts at a message

    With what the receiver answered.
    """
    page = list_attempts_at(current_farm().database, current_caller().org_id, message_id, query_data.to_cut())
    items = [WholeWebhookAttempt(**asdict(attempt)) for attempt in page.items]
    return success(WholeWebhookAttemptPage(items=items, has_more=page.has_more))


@webhook_messages.get("/api/webhooks/attempts")
@webhook_messages.input(AttemptQuery, location="query")
@webhook_messages.output(WebhookAttemptPageAnswer)
@webhook_messages.doc(
    operation_id="listWebhookAttempts", responses={400: "The cursor is not one of your webhook attempts"}
)
@Facts(leads_to=next_of_a_message("items/0/message_id"))
def all_attempts(query_data: AttemptQuery) -> Response:
    """List the attempts

    At any message. They are kept for 30 days.
    """
    org_id = current_caller().org_id
    page = list_attempts(current_farm().database, org_id, query_data.to_cut(), query_data.to_filter())
    items = [WebhookAttempt(**asdict(attempt)) for attempt in page.items]
    return success(WebhookAttemptPage(items=items, has_more=page.has_more))
