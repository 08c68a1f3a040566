"""Forget attempts after thirty days, and with them the messages that nobody is waiting for any more."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import and_, delete, exists, not_, or_, select
from sqlalchemy.orm import Session

from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.services.schedules import claim_tick

log = structlog.get_logger()

SCHEDULE = "sweep_webhooks"
EVERY_S = 600.0
KEPT_S = 30 * 86_400.0
AT_ONCE = 1000
# Ends a sweep that finds no end; the next one goes on.
MOST_BATCHES = 100


def sweep_webhooks_now_and_then(database: Database) -> None:
    """Sweep if it is time, and nobody else does."""
    with database.begin() as session:
        tick = claim_tick(session, SCHEDULE, EVERY_S, database_now_s(session))
    if tick is not None:
        sweep_webhooks(database)


def sweep_webhooks(database: Database) -> tuple[int, int]:
    """How many attempts and how many messages have gone. Each batch is a transaction of its own."""
    attempts, messages = _all_batches(database, _forget_attempts), _all_batches(database, _forget_messages)
    if attempts or messages:
        log.info("webhooks_swept", attempts=attempts, messages=messages)
    return attempts, messages


def _all_batches(database: Database, forget: Callable[[Session, float], int]) -> int:
    gone = 0
    for _ in range(MOST_BATCHES):
        with database.begin() as session:
            batch = forget(session, database_now_s(session) - KEPT_S)
        gone += batch
        if batch < AT_ONCE:
            break
    return gone


def _forget_attempts(session: Session, before: float) -> int:
    old = select(WebhookAttempt.id).where(WebhookAttempt.at < before).order_by(WebhookAttempt.at).limit(AT_ONCE)
    ids = session.scalars(old.with_for_update(skip_locked=True)).all()
    if ids:
        session.execute(delete(WebhookAttempt).where(WebhookAttempt.id.in_(ids)))
    return len(ids)


def _forget_messages(session: Session, before: float) -> int:
    """Of the messages as old as that, those of which nothing is to be sent and no attempt is there any more."""
    has_attempts = exists().where(WebhookAttempt.delivery_id == WebhookDelivery.id)
    # What was written while its endpoint was being deleted waits for nothing.
    has_endpoint = exists().where(
        WebhookEndpoint.id == WebhookDelivery.endpoint_id, WebhookEndpoint.deleted_at.is_(None)
    )
    is_live = and_(WebhookDelivery.status.in_((DeliveryStatus.PENDING, DeliveryStatus.SENDING)), has_endpoint)
    is_needed = exists().where(WebhookDelivery.message_id == WebhookMessage.id, or_(is_live, has_attempts))
    old = (
        select(WebhookMessage.id)
        .where(WebhookMessage.created_at < before, not_(is_needed))
        .order_by(WebhookMessage.created_at)
        .limit(AT_ONCE)
    )
    ids = session.scalars(old.with_for_update(skip_locked=True)).all()
    if ids:
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.message_id.in_(ids)))
        session.execute(delete(WebhookMessage).where(WebhookMessage.id.in_(ids)))
    return len(ids)
