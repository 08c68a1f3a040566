"""Webhooks as a program sees them: endpoints, messages, where each of those is, and every attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from app.client.values import time_of


@dataclass(frozen=True)
class WebhookEndpoint:
    """Where webhooks go. `event_types` None: all that are on by default; `per_minute` None: as fast as it answers.

    `disabled_reason` is `asked`, `gone`, `failing` or `breaker`; `breaker` `closed`, `open` or `half_open`; `pending`
    how many messages it has yet to get. `for_jobs`: a request's `webhook_url` brought it.
    """

    id: str
    url: str
    description: str
    event_types: tuple[str, ...] | None
    per_minute: int | None
    for_jobs: bool
    is_enabled: bool
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    breaker: str
    open_until: datetime | None
    pending: int
    old_secret_signs_until: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(**_endpoint_fields(value))


@dataclass(frozen=True)
class NewWebhookEndpoint(WebhookEndpoint):
    """`secret` is what signs for it; no other answer ever has it."""

    secret: str = field(repr=False, default="")


@dataclass(frozen=True)
class WebhookOrgSecret:
    """What signs for the `webhook_url` of requests: since when, if there is one."""

    exists: bool
    created_at: datetime | None
    old_secret_signs_until: datetime | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["exists"], time_of(value["created_at"]), time_of(value["old_secret_signs_until"]))


@dataclass(frozen=True)
class WebhookDelivery:
    """One message on its way to one endpoint: `pending`, `sending`, `delivered` or `failed`."""

    endpoint_id: str
    status: str
    attempts: int
    next_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            endpoint_id=value["endpoint_id"],
            status=value["status"],
            attempts=value["attempts"],
            next_at=time_of(value["next_at"]),
            finished_at=time_of(value["finished_at"]),
        )


@dataclass(frozen=True)
class WebhookMessage:
    """`id` is the `webhook-id` of every attempt; `body` what is sent, None in lists."""

    id: str
    type: str
    job_id: str | None
    created_at: datetime
    deliveries: tuple[WebhookDelivery, ...]
    body: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            type=value["type"],
            job_id=value["job_id"],
            created_at=datetime.fromisoformat(value["created_at"]),
            deliveries=tuple(map(WebhookDelivery.from_json, value["deliveries"])),
            body=value.get("body"),
        )


@dataclass(frozen=True)
class WebhookAttempt:
    """`error` is why it failed, in a word, None when it succeeded; `response` is None in the list of all attempts."""

    id: str
    message_id: str
    endpoint_id: str
    type: str
    number: int
    is_manual: bool
    at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    next_at: datetime | None
    response: str | None = None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            message_id=value["message_id"],
            endpoint_id=value["endpoint_id"],
            type=value["type"],
            number=value["number"],
            is_manual=value["manual"],
            at=datetime.fromisoformat(value["at"]),
            duration_ms=value["duration_ms"],
            status_code=value["status_code"],
            error=value["error"],
            next_at=time_of(value["next_at"]),
            response=value.get("response"),
        )


@dataclass(frozen=True)
class WebhookEventType:
    """What webhooks tell: the JSON Schema of a whole body, and an example of one.

    `is_default`: endpoints that name no types get it; `is_subscribable`: an endpoint may name it.
    """

    name: str
    description: str
    is_default: bool
    is_subscribable: bool
    body_schema: Mapping[str, Any]
    example: Mapping[str, Any]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class WebhooksSent:
    """How many messages go out now; `more` when there may be others, for the same call once more."""

    sent: int
    more: bool

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["sent"], value["more"])


def new_endpoint(value: Any, secret: str) -> NewWebhookEndpoint:
    return NewWebhookEndpoint(**_endpoint_fields(value), secret=secret)


def _endpoint_fields(value: Any) -> dict[str, Any]:
    health, types = value["health"], value["event_types"]
    return {
        **{name: value[name] for name in ("id", "url", "description", "per_minute", "for_jobs", "disabled_reason")},
        "event_types": None if types is None else tuple(types),
        "is_enabled": value["status"] == "enabled",
        "disabled_at": time_of(value["disabled_at"]),
        "failing_since": time_of(health["failing_since"]),
        "breaker": health["breaker"],
        "open_until": time_of(health["open_until"]),
        "pending": health["pending"],
        "old_secret_signs_until": time_of(value["old_secret_signs_until"]),
        "created_at": datetime.fromisoformat(value["created_at"]),
        "updated_at": datetime.fromisoformat(value["updated_at"]),
    }
