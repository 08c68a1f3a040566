"""`/api/webhooks/endpoints`: where an organisation's webhooks go."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.rate import TOO_MUCH
from app.api.webhook_endpoint_schemas import (
    ENDPOINT_CHANGE_EXAMPLES,
    ENDPOINT_EXAMPLES,
    EndpointChangeRequest,
    EndpointQuery,
    EndpointRequest,
    NewWebhookEndpoint,
    NewWebhookEndpointAnswer,
    WebhookEndpoint,
    WebhookEndpointAnswer,
    WebhookEndpointDeleted,
    WebhookEndpointDeletedAnswer,
    WebhookEndpointPage,
    WebhookEndpointPageAnswer,
)
from app.services.asking import Asking
from app.services.webhook_endpoints import add_endpoint, change_endpoint, delete_endpoint, get_endpoint
from app.services.webhook_lists import list_endpoints

webhook_endpoints = APIBlueprint("webhook_endpoints", __name__, tag="Webhooks")


def next_of_an_endpoint(place: str) -> dict[str, dict[str, str]]:
    """What can be asked of an endpoint whose id stands in this place of an answer."""
    following = (
        *("getWebhookEndpoint", "updateWebhookEndpoint", "rotateWebhookSecret", "testWebhookEndpoint"),
        *("recoverWebhooks", "replayMissingWebhooks"),
    )
    return {operation: {"endpoint_id": place} for operation in following}


@webhook_endpoints.get("/api/webhooks/endpoints")
@webhook_endpoints.input(EndpointQuery, location="query")
@webhook_endpoints.output(WebhookEndpointPageAnswer)
@webhook_endpoints.doc(
    operation_id="listWebhookEndpoints", responses={400: "The cursor is not one of your webhook endpoints"}
)
@Facts(leads_to=next_of_an_endpoint("items/0/id"))
def index(query_data: EndpointQuery) -> Response:
    """List the endpoints

    Of your organisation, with how each is doing. Never their secrets.
    """
    org_id = current_caller().org_id
    page = list_endpoints(current_farm().database, org_id, query_data.to_cut(), query_data.to_filter())
    items = [WebhookEndpoint(**asdict(endpoint)) for endpoint in page.items]
    return success(WebhookEndpointPage(items=items, has_more=page.has_more))


@webhook_endpoints.post("/api/webhooks/endpoints")
@webhook_endpoints.input(EndpointRequest, examples=ENDPOINT_EXAMPLES)
@webhook_endpoints.output(NewWebhookEndpointAnswer, 201)
@webhook_endpoints.doc(operation_id="createWebhookEndpoint", responses={429: TOO_MUCH})
@Facts(SentAgain.KEPT, leads_to=next_of_an_endpoint("id"))
def make(json_data: EndpointRequest) -> Response:
    """Add an endpoint

    The answer is the only place where its secret ever stands: sent again with its `Idempotency-Key`, the request gets
    it without. When an answer was lost, rotate the secret.
    """

    def added(asked: Asking) -> NewWebhookEndpoint:
        made = add_endpoint(current_farm(), asked, json_data.to_new())
        return NewWebhookEndpoint(**asdict(made.view), secret=made.secret)

    return kept_answer(json_data, added, status=201, hidden="secret", told_once="secret", Cache_Control="no-store")


@webhook_endpoints.get("/api/webhooks/endpoints/<endpoint_id>")
@webhook_endpoints.output(WebhookEndpointAnswer)
@webhook_endpoints.doc(operation_id="getWebhookEndpoint")
def show(endpoint_id: str) -> Response:
    """Look at an endpoint"""
    view = get_endpoint(current_farm().database, current_caller().org_id, endpoint_id)
    return success(WebhookEndpoint(**asdict(view)))


@webhook_endpoints.patch("/api/webhooks/endpoints/<endpoint_id>")
@webhook_endpoints.input(EndpointChangeRequest, examples=ENDPOINT_CHANGE_EXAMPLES)
@webhook_endpoints.output(WebhookEndpointAnswer)
@webhook_endpoints.doc(
    operation_id="updateWebhookEndpoint", responses={409: "A request's `webhook_url` says where it is"}
)
@Facts(SentAgain.KEPT)
def change(endpoint_id: str, json_data: EndpointChangeRequest) -> Response:
    """Change an endpoint

    Disable it, or enable it again: what failed meanwhile is sent when you ask to recover it. Another address, and being
    enabled again, begin with a clean health.
    """

    def changed(asked: Asking) -> WebhookEndpoint:
        return WebhookEndpoint(**asdict(change_endpoint(current_farm(), asked, endpoint_id, json_data.to_change())))

    return kept_answer(json_data, changed)


@webhook_endpoints.delete("/api/webhooks/endpoints/<endpoint_id>")
@webhook_endpoints.output(WebhookEndpointDeletedAnswer)
@webhook_endpoints.doc(operation_id="deleteWebhookEndpoint")
@Facts(SentAgain.KEPT)
def remove(endpoint_id: str) -> Response:
    """Delete an endpoint

    Nothing is sent to it any more, and its secret is forgotten. Its messages and attempts can still be read.
    """

    def removed(asked: Asking) -> WebhookEndpointDeleted:
        delete_endpoint(current_farm().database, asked, endpoint_id)
        return WebhookEndpointDeleted(id=endpoint_id)

    return kept_answer(None, removed)
