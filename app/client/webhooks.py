"""Where webhooks go, what was sent and what came of it, and sending by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from app.client.transport import Transport, once
from app.client.values import understand
from app.client.webhook_values import (
    NewWebhookEndpoint,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookEventType,
    WebhookMessage,
    WebhookOrgSecret,
    WebhooksSent,
    new_endpoint,
)
from app.domain.revision import Given
from app.domain.webhook_signature import check_secret, new_secret

T = TypeVar("T", bound="WebhookEndpoint | WebhookMessage | WebhookAttempt")

MOST_A_PAGE = 100
ENDPOINTS = "/api/webhooks/endpoints"
MESSAGES = "/api/webhooks/messages"


class WebhookMethods:
    """Methods for webhooks. All are NotAllowed with a key that lacks the scope `webhooks:manage`."""

    _transport: Transport

    def webhook_event_types(self) -> tuple[WebhookEventType, ...]:
        """All that webhooks tell."""
        listed = self._transport.get("/api/webhooks/event-types")
        return understand(lambda value: tuple(map(WebhookEventType.from_json, value["items"])), listed)

    def add_webhook_endpoint(
        self,
        url: str,
        *,
        description: str = "",
        event_types: Sequence[str] | None = None,
        per_minute: int | None = None,
        secret: str | None = None,
    ) -> NewWebhookEndpoint:
        """BadRequest for an address that webhooks may not go to; ValueError for a secret that cannot be one.

        Without `event_types`: all that are on by default. The new secret is made here, so that no lost answer loses it.
        """
        secret = new_secret() if secret is None else check_secret(secret)
        body: dict[str, Any] = {"url": url, "description": description, "per_minute": per_minute, "secret": secret}
        body["event_types"] = None if event_types is None else list(event_types)
        answer = self._transport.send_json("POST", ENDPOINTS, body, once())
        return understand(lambda value: new_endpoint(value, secret), answer)

    def webhook_endpoints(self, *, enabled: bool | None = None, for_jobs: bool = False) -> Iterator[WebhookEndpoint]:
        """The organisation's, newest first; `for_jobs`: those that the `webhook_url` of requests brought, instead."""
        status = None if enabled is None else "enabled" if enabled else "disabled"
        asked = {"status": status, "for_jobs": "true" if for_jobs else None}
        return self._webhook_pages(WebhookEndpoint.from_json, ENDPOINTS, asked)

    def webhook_endpoint(self, endpoint_id: str) -> WebhookEndpoint:
        return understand(WebhookEndpoint.from_json, self._transport.get(_endpoint(endpoint_id)))

    def change_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Given[Sequence[str] | None] | None = None,
        per_minute: Given[int | None] | None = None,
        enabled: bool | None = None,
    ) -> WebhookEndpoint:
        """What is None stays as it is: `per_minute=Given(None)` takes the limit away."""
        given = {"url": url, "description": description, "enabled": enabled}
        body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if event_types is not None:
            body["event_types"] = None if event_types.value is None else list(event_types.value)
        if per_minute is not None:
            body["per_minute"] = per_minute.value
        answer = self._transport.send_json("PATCH", _endpoint(endpoint_id), body, once())
        return understand(WebhookEndpoint.from_json, answer)

    def delete_webhook_endpoint(self, endpoint_id: str) -> None:
        """Nothing goes to it any more; what it got can still be read."""
        self._transport.call("DELETE", _endpoint(endpoint_id), headers=once())

    def rotate_webhook_secret(self, endpoint_id: str, *, secret: str | None = None) -> NewWebhookEndpoint:
        """A new secret or yours; for 24 hours the old one signs every message too."""
        secret = new_secret() if secret is None else check_secret(secret)
        path = f"{_endpoint(endpoint_id)}/rotate-secret"
        answer = self._transport.send_json("POST", path, {"secret": secret}, once())
        return understand(lambda value: new_endpoint(value, secret), answer)

    def webhook_org_secret(self) -> WebhookOrgSecret:
        """Whether there is a secret for the `webhook_url` of requests, and since when."""
        return understand(WebhookOrgSecret.from_json, self._transport.get("/api/webhooks/secret"))

    def rotate_webhook_org_secret(self, *, secret: str | None = None) -> str:
        """The secret that signs from now on; the old one does too for 24 hours."""
        secret = new_secret() if secret is None else check_secret(secret)
        self._transport.send_json("POST", "/api/webhooks/secret/rotate", {"secret": secret}, once())
        return secret

    def test_webhook_endpoint(self, endpoint_id: str) -> WebhookMessage:
        """A `webhook.test` to this endpoint alone, now."""
        answer = self._transport.call("POST", f"{_endpoint(endpoint_id)}/test", headers=once())
        return understand(WebhookMessage.from_json, answer)

    def recover_webhooks(self, endpoint_id: str, *, since: datetime) -> WebhooksSent:
        """All since then (with its zone; 14 days at most) that failed, again. Conflict while it is disabled."""
        return self._send_since(endpoint_id, "recover", since)

    def replay_missing_webhooks(self, endpoint_id: str, *, since: datetime) -> WebhooksSent:
        """All since then that it asks for and that were never on their way to it; otherwise as `recover_webhooks`."""
        return self._send_since(endpoint_id, "replay-missing", since)

    def webhook_messages(
        self,
        *,
        type: str | None = None,
        status: str | None = None,
        endpoint_id: str | None = None,
        job_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[WebhookMessage]:
        """Those for which all of this holds, newest first; times have their zone, `since` is included."""
        asked = {"type": type, "status": status, "endpoint": endpoint_id, "job": job_id, **_times(since, until)}
        return self._webhook_pages(WebhookMessage.from_json, MESSAGES, asked)

    def webhook_message(self, message_id: str) -> WebhookMessage:
        return understand(WebhookMessage.from_json, self._transport.get(_message(message_id)))

    def resend_webhook(self, message_id: str, *, endpoint_id: str | None = None) -> WebhookMessage:
        """Now and once, to one endpoint or to all that it was for. Conflict while it is being sent."""
        body = {} if endpoint_id is None else {"endpoint_id": endpoint_id}
        answer = self._transport.send_json("POST", f"{_message(message_id)}/resend", body, once())
        return understand(WebhookMessage.from_json, answer)

    def webhook_attempts(
        self,
        *,
        type: str | None = None,
        succeeded: bool | None = None,
        endpoint_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[WebhookAttempt]:
        """Those for which all of this holds, newest first, at any message, without what receivers answered."""
        status = None if succeeded is None else "succeeded" if succeeded else "failed"
        asked = {"type": type, "status": status, "endpoint": endpoint_id, **_times(since, until)}
        return self._webhook_pages(WebhookAttempt.from_json, "/api/webhooks/attempts", asked)

    def webhook_attempts_at(self, message_id: str) -> Iterator[WebhookAttempt]:
        """Those at one message, newest first, with the first 20 kB of what the receiver answered."""
        return self._webhook_pages(WebhookAttempt.from_json, f"{_message(message_id)}/attempts", {})

    def _send_since(self, endpoint_id: str, act: str, since: datetime) -> WebhooksSent:
        body = {"since": since.isoformat()}
        answer = self._transport.send_json("POST", f"{_endpoint(endpoint_id)}/{act}", body, once())
        return understand(WebhooksSent.from_json, answer)

    def _webhook_pages(self, read: Callable[[Any], T], path: str, asked: Mapping[str, str | None]) -> Iterator[T]:
        """Every item of a list, page by page as they are asked for."""
        wanted = {"limit": str(MOST_A_PAGE)} | {name: value for name, value in asked.items() if value is not None}
        while True:
            page = self._transport.get(f"{path}?{urlencode(wanted)}")
            items, has_more = understand(lambda page: ([read(item) for item in page["items"]], page["has_more"]), page)
            yield from items
            if not has_more:
                return
            wanted["starting_after"] = items[-1].id


def _endpoint(endpoint_id: str) -> str:
    return f"{ENDPOINTS}/{quote(endpoint_id, safe='')}"


def _message(message_id: str) -> str:
    return f"{MESSAGES}/{quote(message_id, safe='')}"


def _times(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    return {
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
