"""Deliveries whose worker has not told what came of them: due again, for nothing may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import bindparam, or_, select, text, update

from app.domain.webhook_schedule import MOST_ATTEMPTS, MOST_LOST
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookDelivery, WebhookEndpoint
from app.models.database import Database, database_now_s, now_s
from app.models.webhook import IS_SENDING
from app.services.webhook_claim import Claimed

log = structlog.get_logger()

AT_ONCE = 500

EXPIRED = select(WebhookDelivery.id).where(text(IS_SENDING), WebhookDelivery.lease_expires_at < now_s()).limit(AT_ONCE)


def take_back_expired(database: Database) -> int:
    """Let the deliveries of workers that have died go again, at once and under the same id; how many there were.

    The attempt counts: nobody knows what came of it. What must not go any more, for its endpoint is gone, fails.
    """
    with database.read() as session:
        if not session.connection().execute(EXPIRED).first():
            return 0
    with database.begin() as session:
        now = database_now_s(session)
        expired = list(session.scalars(EXPIRED.with_for_update(skip_locked=True)))
        if not expired:
            return 0
        is_ended = or_(
            WebhookEndpoint.deleted_at.is_not(None),
            ~WebhookDelivery.is_manual & WebhookEndpoint.disabled_at.is_not(None),
            WebhookDelivery.attempts >= MOST_ATTEMPTS + MOST_LOST,
        )
        ended = list(
            session.scalars(
                select(WebhookDelivery.id)
                .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
                .where(WebhookDelivery.id.in_(expired), is_ended)
            )
        )
        connection = session.connection()
        if ended:
            connection.execute(SET, _values(ended, DeliveryStatus.FAILED, None, finished_at=now))
        due = sorted(set(expired) - set(ended))
        if due:
            connection.execute(SET, _values(due, DeliveryStatus.PENDING, now))
    log.warning("webhook_leases_expired", deliveries=len(due), given_up=len(ended))
    return len(expired)


SET = (
    update(WebhookDelivery)
    .where(WebhookDelivery.id.in_(bindparam("ids", expanding=True)))
    .values(
        status=bindparam("to_status"),
        next_at=bindparam("due_at"),
        lease_expires_at=None,
        finished_at=bindparam("ended_at"),
    )
)


def _values(
    ids: list[int], status: DeliveryStatus, next_at: float | None, finished_at: float | None = None
) -> dict[str, Any]:
    return {"ids": ids, "to_status": status, "due_at": next_at, "ended_at": finished_at}


def give_back(database: Database, claimed: Sequence[Claimed], *, untouched: bool) -> int:
    """Give back what this process does not send any more, due as it was; how many of them were still ours.

    `untouched`: nothing of it has gone out, so that the attempt does not count.
    """
    given = 0
    with database.begin() as session:
        for one in claimed:
            attempts = one.attempts - (untouched and not one.is_manual)
            given += len(
                session.execute(
                    update(WebhookDelivery)
                    .where(
                        WebhookDelivery.id == one.delivery_id,
                        WebhookDelivery.token == one.token,
                        WebhookDelivery.status == DeliveryStatus.SENDING,
                    )
                    .values(status=DeliveryStatus.PENDING, lease_expires_at=None, attempts=attempts)
                    .returning(WebhookDelivery.id)
                    .execution_options(synchronize_session=False)
                ).all()
            )
    return given
