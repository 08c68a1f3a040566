"""Webhooks by hand: one again, all that failed, all that is missing, a test.

What is asked for by hand is tried once, at once, and says nothing about the endpoint's health. A delivery that is still
on its schedule goes on with it where the attempt by hand fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, exists, insert, select, update
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict, InvalidInput
from app.domain.webhook_events import CATALOGUE, DEFAULT_TYPES, TEST
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.farm import Farm
from app.services.job_lists import SHOWN_WITHIN_S
from app.services.webhook_messages import write_message
from app.services.webhook_views import WholeMessage, find_endpoint, find_message, view_message

MOST_DAYS = 14
LONGEST_S = MOST_DAYS * 86400.0
# So many in one request, and in one transaction: it stays short, for nothing goes to the endpoint meanwhile.
MOST_AT_ONCE = 10_000
BATCH = 500


@dataclass(frozen=True)
class Sent:
    """How many go out now; `more` when there may be others, which another request takes."""

    sent: int
    more: bool


# Of one transaction: at most so many, behind the row with this id; the ids of those that go out.
Batch = Callable[[Session, WebhookEndpoint, int, int, float], Sequence[int]]


def send_test(farm: Farm, asking: Asking, endpoint_id: str) -> WholeMessage:
    """A `webhook.test` to this endpoint alone, also to one that is disabled."""
    with farm.database.begin() as session:
        endpoint = find_endpoint(session, asking.org_id, endpoint_id, to_change=True)
        now = database_now_s(session)
        message = write_message(session, asking.org_id, TEST, CATALOGUE[TEST].example, now)
        _add(session, endpoint, [message.id], now)
        note(session, asking, AuditAction.WEBHOOK_TESTED, endpoint_id, after={"message": message.public_id})
        view = view_message(session, message)
    farm.bell.ring_hooks()
    return view


def resend(farm: Farm, asking: Asking, message_id: str, endpoint_id: str | None = None) -> WholeMessage:
    """To an endpoint, be it that it never got it; without one to all that it was for and that are still there.

    Conflict when there is none, and while each attempt is under way.
    """
    with farm.database.begin() as session:
        message = find_message(session, asking.org_id, message_id)
        if endpoint_id is None:
            endpoints = _endpoints_of(session, message)
        else:
            endpoints = [find_endpoint(session, asking.org_id, endpoint_id, to_change=True)]
        now = database_now_s(session)
        sent = [endpoint.public_id for endpoint in endpoints if _send_to(session, endpoint, message, now)]
        if not endpoints:
            raise Conflict("None of the endpoints that this was for is there any more. Name one.")
        if not sent:
            raise Conflict("It is being sent at this very moment.")
        note(session, asking, AuditAction.WEBHOOK_RESENT, message_id, after={"endpoints": sent})
        view = view_message(session, message)
    farm.bell.ring_hooks()
    return view


def recover(farm: Farm, asking: Asking, endpoint_id: str, since: float) -> Sent:
    """All messages since then (epoch seconds) whose delivery to this endpoint has failed, the oldest first.

    InvalidInput for a time too long ago, Conflict while the endpoint is disabled.
    """

    def failed(session: Session, endpoint: WebhookEndpoint, behind: int, most: int, now: float) -> Sequence[int]:
        found = session.scalars(
            select(WebhookDelivery.id)
            .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
            .where(
                WebhookDelivery.endpoint_id == endpoint.id,
                WebhookDelivery.status == DeliveryStatus.FAILED,
                WebhookDelivery.id > behind,
                WebhookMessage.org_id == asking.org_id,
                WebhookMessage.created_at >= since - SHOWN_WITHIN_S,
            )
            .order_by(WebhookDelivery.id)
            .limit(most)
        ).all()
        _send_again(session, found, now)
        return found

    return _in_batches(farm, asking, endpoint_id, since, AuditAction.WEBHOOK_RECOVERED, failed)


def replay_missing(farm: Farm, asking: Asking, endpoint_id: str, since: float) -> Sent:
    """All messages since then of types that this endpoint asks for and that were never on their way to it.

    As `recover`; Conflict too for an endpoint that a `webhook_url` brought: what it gets is said by the jobs.
    """

    def missing(session: Session, endpoint: WebhookEndpoint, behind: int, most: int, now: float) -> Sequence[int]:
        if endpoint.is_for_jobs:
            raise Conflict("This endpoint was made for the webhook_url of requests, and gets what is about their jobs.")
        types = DEFAULT_TYPES if endpoint.event_types is None else endpoint.event_types
        is_known = exists().where(
            and_(WebhookDelivery.message_id == WebhookMessage.id, WebhookDelivery.endpoint_id == endpoint.id)
        )
        found = session.scalars(
            select(WebhookMessage.id)
            .where(
                WebhookMessage.org_id == asking.org_id,
                WebhookMessage.created_at >= since - SHOWN_WITHIN_S,
                WebhookMessage.id > behind,
                WebhookMessage.type.in_(list(types)),
                ~is_known,
            )
            .order_by(WebhookMessage.id)
            .limit(most)
        ).all()
        _add(session, endpoint, found, now)
        return found

    return _in_batches(farm, asking, endpoint_id, since, AuditAction.WEBHOOK_REPLAYED, missing)


def _in_batches(farm: Farm, asking: Asking, endpoint_id: str, since: float, action: AuditAction, send: Batch) -> Sent:
    sent, behind, last = 0, 0, BATCH
    while sent < MOST_AT_ONCE and last == BATCH:
        with farm.database.begin() as session:
            endpoint = find_endpoint(session, asking.org_id, endpoint_id, to_change=True)
            now = database_now_s(session)
            if sent == 0:
                _check(endpoint, since, now)
            ids = send(session, endpoint, behind, BATCH, now)
            if ids and sent == 0:
                # With the first of them, so that none is ever sent without it.
                note(session, asking, action, endpoint_id, after={"since": since, "url": endpoint.url})
            sent, last = sent + len(ids), len(ids)
            behind = ids[-1] if ids else behind
    if sent:
        farm.bell.ring_hooks()
    return Sent(sent, more=last == BATCH)


def _check(endpoint: WebhookEndpoint, since: float, now: float) -> None:
    if since < now - LONGEST_S:
        raise InvalidInput("since", f"Must be within the last {MOST_DAYS} days.")
    if endpoint.disabled_at is not None:
        raise Conflict("This endpoint is disabled. Enable it first.")


def _endpoints_of(session: Session, message: WebhookMessage) -> list[WebhookEndpoint]:
    """Those that it was ever on its way to, locked in one order."""
    query = (
        select(WebhookEndpoint)
        .join(WebhookDelivery, WebhookDelivery.endpoint_id == WebhookEndpoint.id)
        .where(WebhookDelivery.message_id == message.id, WebhookEndpoint.deleted_at.is_(None))
        .order_by(WebhookEndpoint.id)
        .with_for_update(of=WebhookEndpoint, key_share=True)
    )
    return list(session.scalars(query))


def _send_to(session: Session, endpoint: WebhookEndpoint, message: WebhookMessage, now: float) -> bool:
    """False while it is being sent there."""
    delivery_id = session.scalar(
        select(WebhookDelivery.id).where(
            WebhookDelivery.message_id == message.id, WebhookDelivery.endpoint_id == endpoint.id
        )
    )
    if delivery_id is None:
        _add(session, endpoint, [message.id], now)
        return True
    return bool(_send_again(session, [delivery_id], now))


def _send_again(session: Session, delivery_ids: Sequence[int], now: float) -> Sequence[int]:
    """Those of them that are not being sent right now; one statement, so that it need not be asked before."""
    delivery = WebhookDelivery
    is_waiting = delivery.status == DeliveryStatus.PENDING
    resume_at = case(
        (and_(is_waiting, delivery.is_manual), delivery.resume_at), (is_waiting, delivery.next_at), else_=None
    )
    values: dict[str, Any] = {"status": DeliveryStatus.PENDING, "is_manual": True, "next_at": now}
    return session.scalars(
        update(delivery)
        .where(delivery.id.in_(delivery_ids), delivery.status != DeliveryStatus.SENDING)
        .values(**values, resume_at=resume_at, finished_at=None)
        .returning(delivery.id)
        .execution_options(synchronize_session=False)
    ).all()


def _add(session: Session, endpoint: WebhookEndpoint, message_ids: Sequence[int], now: float) -> None:
    """New deliveries of these messages to an endpoint that is locked."""
    row = {
        "org_id": endpoint.org_id,
        "endpoint_id": endpoint.id,
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "token": 0,
        "next_at": now,
        "is_manual": True,
        "created_at": now,
    }
    if message_ids:
        session.execute(insert(WebhookDelivery), [{**row, "message_id": message_id} for message_id in message_ids])
