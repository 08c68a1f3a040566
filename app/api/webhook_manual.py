"""Webhooks by hand: a test, one again, all that failed, all that is missing."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.context import current_farm
from app.api.facts import Facts, SentAgain
from app.api.webhook_endpoint_schemas import SINCE_EXAMPLES, SinceRequest, WebhooksSent, WebhooksSentAnswer
from app.api.webhook_message_schemas import (
    RESEND_EXAMPLES,
    ResendRequest,
    WholeWebhookMessage,
    WholeWebhookMessageAnswer,
)
from app.services.asking import Asking
from app.services.webhook_manual import recover, replay_missing, resend, send_test
from app.services.webhook_views import WholeMessage

webhook_manual = APIBlueprint("webhook_manual", __name__, tag="Webhooks")


def next_of_a_message(place: str) -> dict[str, dict[str, str]]:
    """What can be asked of a message whose id stands in this place of an answer."""
    following = ("getWebhookMessage", "listWebhookMessageAttempts", "resendWebhookMessage")
    return {operation: {"message_id": place} for operation in following}


@webhook_manual.post("/api/webhooks/endpoints/<endpoint_id>/test")
@webhook_manual.output(WholeWebhookMessageAnswer, 202)
@webhook_manual.doc(operation_id="testWebhookEndpoint")
@Facts(SentAgain.KEPT, leads_to=next_of_a_message("id"))
def test(endpoint_id: str) -> Response:
    """Send a test

    A message of the type `webhook.test`, to this endpoint alone and at once, even if it is disabled. Its attempts tell
    what came of it.
    """

    def sent(asked: Asking) -> WholeWebhookMessage:
        return whole(send_test(current_farm(), asked, endpoint_id))

    return kept_answer(None, sent, status=202)


@webhook_manual.post("/api/webhooks/endpoints/<endpoint_id>/recover")
@webhook_manual.input(SinceRequest, examples=SINCE_EXAMPLES)
@webhook_manual.output(WebhooksSentAnswer, 202)
@webhook_manual.doc(operation_id="recoverWebhooks", responses={409: "The endpoint is disabled"})
@Facts(SentAgain.KEPT)
def recover_failed(endpoint_id: str, json_data: SinceRequest) -> Response:
    """Send all that failed again

    Every message since then whose delivery to this endpoint has failed, the oldest first and each once.
    """

    def sent(asked: Asking) -> WebhooksSent:
        return WebhooksSent(**asdict(recover(current_farm(), asked, endpoint_id, json_data.since.timestamp())))

    return kept_answer(json_data, sent, status=202)


@webhook_manual.post("/api/webhooks/endpoints/<endpoint_id>/replay-missing")
@webhook_manual.input(SinceRequest, examples=SINCE_EXAMPLES)
@webhook_manual.output(WebhooksSentAnswer, 202)
@webhook_manual.doc(
    operation_id="replayMissingWebhooks",
    responses={409: "The endpoint is disabled, or a request's `webhook_url` brought it"},
)
@Facts(SentAgain.KEPT)
def replay(endpoint_id: str, json_data: SinceRequest) -> Response:
    """Send all that is missing

    Every message since then of a type that this endpoint asks for and that was never on its way to it: because it was
    disabled, was made later, or asked for other types. A message is there when some endpoint was to get it.
    """

    def sent(asked: Asking) -> WebhooksSent:
        return WebhooksSent(**asdict(replay_missing(current_farm(), asked, endpoint_id, json_data.since.timestamp())))

    return kept_answer(json_data, sent, status=202)


@webhook_manual.post("/api/webhooks/messages/<message_id>/resend")
@webhook_manual.input(ResendRequest, examples=RESEND_EXAMPLES)
@webhook_manual.output(WholeWebhookMessageAnswer, 202)
@webhook_manual.doc(
    operation_id="resendWebhookMessage",
    responses={409: "It is being sent already, or none of its endpoints is there any more"},
)
@Facts(SentAgain.KEPT, body_is_optional=True)
def send_again(message_id: str, json_data: ResendRequest) -> Response:
    """Send a message again

    With the same `webhook-id` and the same bytes, once and at once; also one that was delivered.
    """

    def sent(asked: Asking) -> WholeWebhookMessage:
        return whole(resend(current_farm(), asked, message_id, json_data.endpoint_id))

    return kept_answer(json_data, sent, status=202)


def whole(view: WholeMessage) -> WholeWebhookMessage:
    return WholeWebhookMessage(**asdict(view.message), body=view.body)
