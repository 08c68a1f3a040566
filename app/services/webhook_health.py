"""What attempts mean for their endpoint: its health noted, its people told, and deliveries ended with it."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.breaker import Breaker
from app.domain.endpoint_health import Health
from app.domain.webhook_states import DeliveryStatus, DisabledReason
from app.models import WebhookDelivery, WebhookEndpoint

WELL = Health()


def health_of(endpoint: WebhookEndpoint) -> Health:
    breaker = Breaker(
        endpoint.window_since,
        endpoint.window_requests,
        endpoint.window_failures,
        endpoint.open_until,
        endpoint.reopenings,
    )
    return Health(breaker, endpoint.failing_since, endpoint.told_failing_at)


def note_health(endpoint: WebhookEndpoint, health: Health) -> None:
    """Into the row, in the caller's transaction."""
    breaker = health.breaker
    endpoint.failing_since = health.failing_since
    endpoint.told_failing_at = health.told_failing_at
    endpoint.window_since = breaker.window_since
    endpoint.window_requests = breaker.window_requests
    endpoint.window_failures = breaker.window_failures
    endpoint.open_until = breaker.open_until
    endpoint.reopenings = breaker.reopenings


def disable(session: Session, endpoint: WebhookEndpoint, reason: DisabledReason, now: float) -> int:
    """Send it nothing more: what waits for it fails; how many deliveries that were. Its health begins anew.

    The caller has locked the row. What is on its way fails when its attempt does. What somebody has asked for by hand
    still goes, but for an endpoint that is deleted (say so in its row first), and has no schedule to go back to.
    """
    endpoint.disabled_at = now
    endpoint.disabled_reason = reason
    endpoint.updated_at = now
    note_health(endpoint, WELL)
    waiting = (
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.status == DeliveryStatus.PENDING)
        .execution_options(synchronize_session=False)
        .returning(WebhookDelivery.id)
    )
    if endpoint.deleted_at is None:
        session.execute(waiting.where(WebhookDelivery.is_manual).values(resume_at=None))
        waiting = waiting.where(~WebhookDelivery.is_manual)
    ended = {"status": DeliveryStatus.FAILED, "next_at": None, "resume_at": None, "is_manual": False}
    return len(session.execute(waiting.values(**ended, finished_at=now)).all())
