"""Write what came of attempts, many in one transaction: a row each, the delivery's fate, its endpoint's health.

A claim that is not the last one writes nothing: somebody else is at its delivery, or has been.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.endpoint_health import Judged, Notice, after_failure, after_success
from app.domain.ids import new_id
from app.domain.webhook_schedule import DELIVERED, FAILED, Fate, after_manual_failure
from app.domain.webhook_schedule import after_failure as fate_after_failure
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.webhook_claim import Claimed
from app.services.webhook_health import disable, health_of, note_health
from app.services.webhook_messages import tell_about_endpoint
from app.webhooks.exchange import Outcome
from config.redaction import redact

log = structlog.get_logger()


@dataclass(frozen=True)
class Sent:
    """An attempt that has ended: begun at epoch second `at`; `jitter` (-1 to 1) moves the next one."""

    claimed: Claimed
    outcome: Outcome
    at: float
    jitter: float = field(default_factory=lambda: random.uniform(-1, 1))


@dataclass(frozen=True)
class Done:
    """An attempt, what has become of its delivery, and what its endpoint is to be told."""

    sent: Sent
    fate: Fate
    notices: tuple[Notice, ...]


ENDPOINTS = (
    select(WebhookEndpoint)
    .where(WebhookEndpoint.id.in_(bindparam("ids", expanding=True)))
    .order_by(WebhookEndpoint.id)
    .with_for_update(key_share=True)
)
DELIVERIES = (
    select(
        WebhookDelivery.id,
        WebhookDelivery.token,
        WebhookDelivery.status,
        WebhookDelivery.is_manual,
        WebhookDelivery.resume_at,
    )
    .where(WebhookDelivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(WebhookDelivery.id)
    .with_for_update()
)
SETTLED: dict[str, Any] = {"lease_expires_at": None, "is_manual": False, "resume_at": None}
END = (
    update(WebhookDelivery)
    .where(WebhookDelivery.id.in_(bindparam("ids", expanding=True)))
    .values(status=bindparam("to_status"), next_at=None, finished_at=bindparam("ended_at"), **SETTLED)
)
GO_ON = (
    update(WebhookDelivery)
    .where(WebhookDelivery.id == bindparam("of_delivery"))
    # The token moves on: told twice, when a commit was made and its answer lost, it must not count twice.
    .values(
        status=DeliveryStatus.PENDING,
        next_at=bindparam("due_at"),
        token=WebhookDelivery.token + 1,
        **SETTLED,
    )
)
ADD = insert(WebhookAttempt)


def write_outcomes(database: Database, sents: Sequence[Sent]) -> int:
    """How many of them were written: those whose claims had not been taken over."""
    with database.begin() as session:
        now = database_now_s(session)
        endpoints = {
            endpoint.id: endpoint
            for endpoint in session.scalars(ENDPOINTS, {"ids": list({sent.claimed.endpoint_id for sent in sents})})
        }
        asked = {"ids": [sent.claimed.delivery_id for sent in sents]}
        rows = {row.id: row for row in session.connection().execute(DELIVERIES, asked)}
        ours = [sent for sent in sents if _is_ours(sent.claimed, rows.get(sent.claimed.delivery_id))]
        done = []
        for sent in ours:
            endpoint, row = endpoints[sent.claimed.endpoint_id], rows[sent.claimed.delivery_id]
            done.append(_settle(session, sent, endpoint, row.resume_at, now))
        done = [_ended_with(endpoints[one.sent.claimed.endpoint_id], one) for one in done]
        _write(session, done, now)
        session.flush()
        for one in done:
            _tell(session, endpoints[one.sent.claimed.endpoint_id], one, now)
    if len(ours) < len(sents):
        log.warning("webhook_outcomes_late", attempts=len(sents) - len(ours))
    return len(ours)


def _is_ours(claimed: Claimed, row: Row[Any] | None) -> bool:
    """One whose lease has run out is ours still, until somebody claims it or asks for it by hand."""
    if row is None or row.token != claimed.token:
        return False
    is_due_as_it_was = row.status == DeliveryStatus.PENDING and row.is_manual == claimed.is_manual
    return bool(row.status == DeliveryStatus.SENDING or is_due_as_it_was)


def _settle(session: Session, sent: Sent, endpoint: WebhookEndpoint, resume_at: float | None, now: float) -> Done:
    """What becomes of one delivery; its endpoint's health is noted, and the endpoint disabled if it must be."""
    claimed, outcome = sent.claimed, sent.outcome
    is_over = endpoint.deleted_at is not None or endpoint.disabled_at is not None
    if claimed.is_manual or is_over:
        # It counts for nothing: nobody is judged by what was asked for by hand, or came after the end.
        failed = after_manual_failure(resume_at) if claimed.is_manual and not is_over else FAILED
        return Done(sent, DELIVERED if outcome.is_success else failed, ())
    before = health_of(endpoint)
    if outcome.is_success:
        judged, fate = after_success(before, now), DELIVERED
    else:
        judged = after_failure(before, claimed.attempts, outcome.status_code, now)
        fate = fate_after_failure(claimed.attempts, outcome, sent.jitter, now)
    if judged.health != before:
        note_health(endpoint, judged.health)
    return _disabled(session, sent, endpoint, judged, now) if judged.disabled else Done(sent, fate, judged.notices)


def _disabled(session: Session, sent: Sent, endpoint: WebhookEndpoint, judged: Judged, now: float) -> Done:
    assert judged.disabled is not None
    ended = disable(session, endpoint, judged.disabled, now)
    # Whoever has no other endpoint finds it here: nobody asked for it, so nobody's name stands beside it.
    by_the_farm = Asking(endpoint.org_id, new_id("req"))
    told = {"reason": judged.disabled, "url": endpoint.url}
    note(session, by_the_farm, AuditAction.WEBHOOK_ENDPOINT_DISABLED, endpoint.public_id, after=told)
    log.warning("webhook_endpoint_disabled", endpoint=endpoint.public_id, reason=judged.disabled, deliveries=ended)
    return Done(sent, FAILED, (*judged.notices, Notice.DISABLED))


def _ended_with(endpoint: WebhookEndpoint, done: Done) -> Done:
    """One that was to go on, and whose endpoint an attempt beside it has disabled."""
    is_ended = endpoint.disabled_at is not None and done.fate.status is DeliveryStatus.PENDING
    return replace(done, fate=FAILED) if is_ended else done


def _write(session: Session, done: Sequence[Done], now: float) -> None:
    if not done:
        return
    connection = session.connection()
    connection.execute(ADD, [_attempt(one) for one in done])
    ended = defaultdict(list)
    for one in done:
        ended[one.fate.status].append(one)
    for status, ones in ended.items():
        if status is DeliveryStatus.PENDING:
            connection.execute(
                GO_ON, [{"of_delivery": one.sent.claimed.delivery_id, "due_at": one.fate.next_at} for one in ones]
            )
        else:
            ids = [one.sent.claimed.delivery_id for one in ones]
            connection.execute(END, {"ids": ids, "to_status": status, "ended_at": now})


def _attempt(done: Done) -> dict[str, Any]:
    claimed, outcome = done.sent.claimed, done.sent.outcome
    return {
        "public_id": new_id("att"),
        "org_id": claimed.org_id,
        "delivery_id": claimed.delivery_id,
        "endpoint_id": claimed.endpoint_id,
        "number": claimed.attempts,
        "is_manual": claimed.is_manual,
        "at": done.sent.at,
        "duration_ms": outcome.duration_ms,
        "status_code": outcome.status_code,
        "error": outcome.error,
        # PostgreSQL has no place for a NUL in a text, and a receiver may answer anything.
        "response": redact(outcome.response).replace("\x00", "\N{REPLACEMENT CHARACTER}"),
        "next_at": done.fate.next_at,
    }


def _tell(session: Session, endpoint: WebhookEndpoint, done: Done, now: float) -> None:
    claimed, outcome = done.sent.claimed, done.sent.outcome
    about: dict[Notice, dict[str, Any]] = {
        Notice.FAILING: {
            "message_id": claimed.message_id,
            "attempts": claimed.attempts,
            "error": outcome.error,
            "status_code": outcome.status_code,
        },
        Notice.EXHAUSTED: {"message_id": claimed.message_id, "attempts": claimed.attempts},
        Notice.DISABLED: {"reason": endpoint.disabled_reason},
        Notice.RECOVERED: {"message_id": claimed.message_id},
    }
    for notice in done.notices:
        tell_about_endpoint(session, endpoint, notice, now, **about[notice])
