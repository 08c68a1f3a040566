"""What webhooks are told of an organisation's minutes of video a day: that most are used, and that none are left.

Each once a day: the messages of today say whether it has been told.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.domain.errors import QuotaExceeded, RequestError
from app.domain.quotas import Quota, day_began_s, next_day_s
from app.domain.webhook_body import time_of
from app.domain.webhook_events import BUDGET_EXCEEDED, BUDGET_WARNING
from app.models import Org, WebhookMessage
from app.models.database import Database, database_now_s, first_line
from app.services.webhook_messages import HAS_LISTENERS, tell

log = structlog.get_logger()


def was_warned_today(session: Session, org_id: int, now: float) -> bool:
    return _was_told(session, org_id, BUDGET_WARNING, now)


def warn_of_budget(session: Session, org_id: int, video_s: float, minutes_a_day: float, now: float) -> None:
    """Most of the day's minutes are used. The caller has locked the organisation's usage, and it was not warned yet."""
    tell(session, org_id, BUDGET_WARNING, lambda: _data(video_s / 60, minutes_a_day, now), now)


def tell_of_refusal(database: Database, org_id: int, refused: RequestError) -> None:
    """Tell who listens, unless they were told today, that a request was refused for the day's minutes.

    In a transaction of its own, for nothing is left of the refused one. Whatever fails here is no matter of the caller.
    """
    if not _is_of_budget(refused):
        return
    try:
        with database.read() as session:
            now = database_now_s(session)
            has_listeners = session.connection().execute(select(HAS_LISTENERS), {"org": org_id}).scalar_one()
            if not has_listeners or _was_told(session, org_id, BUDGET_EXCEEDED, now):
                return
        with database.begin() as session:
            tell_of_refusal_in(session, org_id, refused, database_now_s(session))
    except SQLAlchemyError as error:
        log.warning("refusal_not_told", org=org_id, reason=first_line(error))


def tell_of_refusal_in(session: Session, org_id: int, refused: RequestError, now: float) -> None:
    """The same in a transaction that goes on although a part of it was refused."""
    if not _is_of_budget(refused):
        return
    # Against each other only: of two refusals at once the second one finds the first one's message.
    session.execute(select(Org.id).where(Org.id == org_id).with_for_update(key_share=True))
    if _was_told(session, org_id, BUDGET_EXCEEDED, now):
        return
    details = refused.details
    tell(session, org_id, BUDGET_EXCEEDED, lambda: _data(details["used"], details["limit"], now), now)


def _is_of_budget(refused: RequestError) -> bool:
    """A video that is longer than a whole day's minutes says nothing of how many are left: no time helps it."""
    return (
        isinstance(refused, QuotaExceeded)
        and refused.details["quota"] == Quota.MINUTES_A_DAY
        and refused.retry_after_s is not None
    )


def _was_told(session: Session, org_id: int, type_: str, now: float) -> bool:
    today = (WebhookMessage.org_id == org_id, WebhookMessage.created_at >= day_began_s(now))
    return bool(session.scalar(select(exists().where(*today, WebhookMessage.type == type_))))


def _data(used_minutes: float, limit_minutes: float, now: float) -> dict[str, Any]:
    return {
        "what": Quota.MINUTES_A_DAY,
        "used": round(used_minutes, 2),
        "limit": limit_minutes,
        "resets_at": time_of(next_day_s(now)),
    }
