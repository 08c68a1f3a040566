"""What signs webhooks: the secret of an endpoint, and the organisation's own."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.webhook_endpoint_schemas import (
    ROTATE_SECRET_EXAMPLES,
    NewWebhookEndpoint,
    NewWebhookEndpointAnswer,
    NewWebhookOrgSecret,
    NewWebhookOrgSecretAnswer,
    RotateSecretRequest,
    WebhookOrgSecret,
    WebhookOrgSecretAnswer,
)
from app.services.asking import Asking
from app.services.webhook_secrets import rotate_endpoint_secret, rotate_org_secret, view_org_secret

webhook_secrets = APIBlueprint("webhook_secrets", __name__, tag="Webhooks")


@webhook_secrets.post("/api/webhooks/endpoints/<endpoint_id>/rotate-secret")
@webhook_secrets.input(RotateSecretRequest, examples=ROTATE_SECRET_EXAMPLES)
@webhook_secrets.output(NewWebhookEndpointAnswer)
@webhook_secrets.doc(operation_id="rotateWebhookSecret", responses={409: "Your organisation's own secret signs there"})
@Facts(SentAgain.KEPT, body_is_optional=True)
def rotate(endpoint_id: str, json_data: RotateSecretRequest) -> Response:
    """Rotate an endpoint's secret

    For 24 hours both sign each message, the new one first: bring it to your receiver in that time.
    """

    def rotated(asked: Asking) -> NewWebhookEndpoint:
        made = rotate_endpoint_secret(current_farm(), asked, endpoint_id, json_data.secret)
        return NewWebhookEndpoint(**asdict(made.view), secret=made.secret)

    return kept_answer(json_data, rotated, hidden="secret", told_once="secret", Cache_Control="no-store")


@webhook_secrets.get("/api/webhooks/secret")
@webhook_secrets.output(WebhookOrgSecretAnswer)
@webhook_secrets.doc(operation_id="getOrgWebhookSecret")
def show_org() -> Response:
    """Look at your organisation's secret

    Whether there is one, and since when; never the secret itself. It signs what goes to the `webhook_url` of requests.
    """
    view = view_org_secret(current_farm().database, current_caller().org_id)
    return success(WebhookOrgSecret(**asdict(view)))


@webhook_secrets.post("/api/webhooks/secret/rotate")
@webhook_secrets.input(RotateSecretRequest, examples=ROTATE_SECRET_EXAMPLES)
@webhook_secrets.output(NewWebhookOrgSecretAnswer)
@webhook_secrets.doc(operation_id="rotateOrgWebhookSecret")
@Facts(SentAgain.KEPT, body_is_optional=True)
def rotate_org(json_data: RotateSecretRequest) -> Response:
    """Rotate your organisation's secret

    Also to get the first one. For 24 hours the old one signs too.
    """

    def rotated(asked: Asking) -> NewWebhookOrgSecret:
        made = rotate_org_secret(current_farm(), asked, json_data.secret)
        return NewWebhookOrgSecret(**asdict(made.view), secret=made.secret)

    return kept_answer(json_data, rotated, hidden="secret", told_once="secret", Cache_Control="no-store")
