"""Webhooks as their organisation sees them: endpoints, messages, where each of those is, and every attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.webhook_states import AttemptError, DeliveryStatus, DisabledReason
from app.models import Job, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

UNDER_WAY = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)


class EndpointStatus(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"  # it is sent nothing but what somebody asks for by hand


class BreakerState(StrEnum):
    CLOSED = "closed"  # all is well
    OPEN = "open"  # most attempts have failed: nothing is sent until it has rested
    HALF_OPEN = "half_open"  # it has rested, and the next attempt tells


class AttemptStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class EndpointHealth:
    """Times are epoch seconds. `pending`: how many messages it has yet to get."""

    failing_since: float | None
    breaker: BreakerState
    open_until: float | None
    pending: int


@dataclass(frozen=True)
class EndpointView:
    """Times are epoch seconds; `event_types` None: all that are on by default. Never its secrets."""

    id: str
    url: str
    description: str
    event_types: tuple[str, ...] | None
    per_minute: int | None
    for_jobs: bool
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    disabled_at: float | None
    health: EndpointHealth
    old_secret_signs_until: float | None
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class DeliveryView:
    """One message on its way to one endpoint. `next_at` is None once it has ended."""

    endpoint_id: str
    status: DeliveryStatus
    attempts: int
    next_at: float | None
    finished_at: float | None


@dataclass(frozen=True)
class MessageView:
    """`job_id` is the public id of the job that it is about, if it is about one."""

    id: str
    type: str
    job_id: str | None
    created_at: float
    deliveries: tuple[DeliveryView, ...]


@dataclass(frozen=True)
class WholeMessage:
    """`body` is what is sent, read as JSON."""

    message: MessageView
    body: dict[str, Any]


@dataclass(frozen=True)
class AttemptView:
    """One attempt. `error` is None after a success; `status_code` where no answer came; `at` in epoch seconds."""

    id: str
    message_id: str
    endpoint_id: str
    type: str
    number: int
    manual: bool
    at: float
    duration_ms: int
    status: AttemptStatus
    status_code: int | None
    error: AttemptError | None
    response: str
    next_at: float | None


def find_endpoint(session: Session, org_id: int, public_id: str, *, to_change: bool = False) -> WebhookEndpoint:
    """The org's endpoint; NotFound for another's, a deleted one and one that never was, in the same words.

    Locked `to_change`, against those who change it and who take its deliveries; a new message need not wait.
    """
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.public_id == public_id, WebhookEndpoint.org_id == org_id, WebhookEndpoint.deleted_at.is_(None)
    )
    found = session.scalars(query.with_for_update(key_share=True) if to_change else query).one_or_none()
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found


def find_message(session: Session, org_id: int, public_id: str) -> WebhookMessage:
    found = session.scalars(
        select(WebhookMessage).where(WebhookMessage.public_id == public_id, WebhookMessage.org_id == org_id)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such message.")
    return found


def view_endpoint(session: Session, endpoint: WebhookEndpoint, now: float) -> EndpointView:
    (view,) = view_endpoints(session, [endpoint], now)
    return view


def view_endpoints(session: Session, endpoints: Sequence[WebhookEndpoint], now: float) -> list[EndpointView]:
    pending = _pending(session, endpoints)
    return [_endpoint(endpoint, pending.get(endpoint.id, 0), now) for endpoint in endpoints]


def view_messages(session: Session, messages: Sequence[WebhookMessage]) -> list[MessageView]:
    """In two statements, however many they are."""
    ids = [message.id for message in messages]
    found = session.execute(
        select(WebhookDelivery, WebhookEndpoint.public_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.message_id.in_(ids))
        .order_by(WebhookDelivery.id)
    ).all()
    deliveries: dict[int, list[DeliveryView]] = {}
    for delivery, endpoint_id in found:
        deliveries.setdefault(delivery.message_id, []).append(_delivery(delivery, endpoint_id))
    job_ids = {message.job_id for message in messages if message.job_id is not None}
    rows = session.execute(select(Job.id, Job.public_id).where(Job.id.in_(job_ids))) if job_ids else ()
    jobs = {row.id: row.public_id for row in rows}
    return [
        MessageView(
            id=message.public_id,
            type=message.type,
            job_id=None if message.job_id is None else jobs[message.job_id],
            created_at=message.created_at,
            deliveries=tuple(deliveries.get(message.id, ())),
        )
        for message in messages
    ]


def view_message(session: Session, message: WebhookMessage) -> WholeMessage:
    (view,) = view_messages(session, [message])
    return WholeMessage(view, json.loads(message.body))


def view_attempt(attempt: WebhookAttempt, message_id: str, endpoint_id: str, type_: str) -> AttemptView:
    return AttemptView(
        id=attempt.public_id,
        message_id=message_id,
        endpoint_id=endpoint_id,
        type=type_,
        number=attempt.number,
        manual=attempt.is_manual,
        at=attempt.at,
        duration_ms=attempt.duration_ms,
        status=AttemptStatus.SUCCEEDED if attempt.error is None else AttemptStatus.FAILED,
        status_code=attempt.status_code,
        error=None if attempt.error is None else AttemptError(attempt.error),
        response=attempt.response,
        next_at=attempt.next_at,
    )


def _pending(session: Session, endpoints: Sequence[WebhookEndpoint]) -> Mapping[int, int]:
    if not endpoints:
        return {}
    counts: dict[int, int] = {}
    # One status at a time: each has an index of its own, with what is under way alone in it.
    for status in UNDER_WAY:
        rows = session.execute(
            select(WebhookDelivery.endpoint_id, func.count())
            .where(
                WebhookDelivery.endpoint_id.in_([endpoint.id for endpoint in endpoints]),
                WebhookDelivery.status == status,
            )
            .group_by(WebhookDelivery.endpoint_id)
        )
        for endpoint_id, count in rows:
            counts[endpoint_id] = counts.get(endpoint_id, 0) + count
    return counts


def _endpoint(row: WebhookEndpoint, pending: int, now: float) -> EndpointView:
    breaker = BreakerState.CLOSED
    if row.open_until is not None:
        breaker = BreakerState.OPEN if now < row.open_until else BreakerState.HALF_OPEN
    old_until = row.previous_secret_until
    return EndpointView(
        id=row.public_id,
        url=row.url,
        description=row.description,
        event_types=None if row.event_types is None else tuple(row.event_types),
        per_minute=row.per_minute,
        for_jobs=row.is_for_jobs,
        status=EndpointStatus.ENABLED if row.disabled_at is None else EndpointStatus.DISABLED,
        disabled_reason=None if row.disabled_reason is None else DisabledReason(row.disabled_reason),
        disabled_at=row.disabled_at,
        health=EndpointHealth(row.failing_since, breaker, row.open_until, pending),
        old_secret_signs_until=old_until if old_until is not None and now < old_until else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _delivery(row: WebhookDelivery, endpoint_id: str) -> DeliveryView:
    return DeliveryView(endpoint_id, DeliveryStatus(row.status), row.attempts, row.next_at, row.finished_at)
