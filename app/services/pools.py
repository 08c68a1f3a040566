"""Pools as operators see and steer them: what waits, what runs, and a pause that lets no more begin."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import InvalidInput, NotFound
from app.domain.states import Pool, StepStatus
from app.models import PoolPause, Step, WebhookDelivery, WebhookEndpoint, Worker
from app.models.database import Database, database_now_s, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG, IS_WAITING
from app.models.webhook import IS_PENDING, IS_SENDING
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.pool_pauses import paused_pools
from app.services.pool_rooms import WORKER_SEEN_WITHIN_S


@dataclass(frozen=True)
class PauseView:
    """Times in epoch seconds; `until` None when someone must resume it."""

    reason: str
    since: float
    until: float | None


@dataclass(frozen=True)
class PoolView:
    """Steps by what they do now; of the pool `hooks`, deliveries of webhooks: on their way, due, and waiting for their
    time or for their endpoint's breaker. `oldest_age_s` is how long the oldest ready one has waited to begin.
    """

    name: str
    workers: int
    slots: int
    running: int
    ready: int
    waiting: int
    oldest_age_s: float | None
    pause: PauseView | None


def view_pools(database: Database) -> tuple[PoolView, ...]:
    with database.read() as session:
        return _views(session)


def pause_pool(database: Database, asking: Asking, name: str, reason: str, until: float | None = None) -> PoolView:
    """Let nothing more begin in the pool, until epoch second `until` or until it is resumed. What runs is finished.

    Pausing it again changes the reason and the end. NotFound for no pool of ours; InvalidInput for an end in the past.
    """
    pool = _pool(name)
    with database.begin() as session:
        now = database_now_s(session)
        if until is not None and until <= now:
            raise InvalidInput("until", "The pause would be over already: give a time in the future.")
        before = session.get(PoolPause, pool, with_for_update=True)
        since = now if before is None else before.since
        told = _told(before)
        session.merge(PoolPause(pool=pool, reason=reason, since=since, until=until))
        note(session, asking, AuditAction.POOL_PAUSED, pool, before=told, after={"reason": reason, "until": until})
        # What was called but not begun goes back into the order: who is first may be another when work goes on.
        called = select(Step.id).where(Step.pool == pool, Step.status == StepStatus.READY, Step.rung_at.is_not(None))
        session.execute(
            update(Step)
            .where(Step.id.in_(called.with_for_update(skip_locked=True)))
            .values(rung_at=None, rings=0)
            .execution_options(synchronize_session=False)
        )
        session.flush()
        return _view(session, pool)


def resume_pool(database: Database, asking: Asking, name: str) -> PoolView:
    """Let work begin in the pool again; changes nothing when it is not paused."""
    pool = _pool(name)
    with database.begin() as session:
        pause = session.get(PoolPause, pool, with_for_update=True)
        if pause is not None:
            note(session, asking, AuditAction.POOL_RESUMED, pool, before=_told(pause))
            session.delete(pause)
            session.flush()
        return _view(session, pool)


def _told(pause: PoolPause | None) -> dict[str, Any] | None:
    return None if pause is None else {"reason": pause.reason, "until": pause.until}


def _pool(name: str) -> Pool:
    try:
        return Pool(name)
    except ValueError:
        raise NotFound(f"There is no such pool. There are {', '.join(Pool)}.") from None


def _view(session: Session, pool: Pool) -> PoolView:
    return next(view for view in _views(session) if view.name == pool)


def _views(session: Session) -> tuple[PoolView, ...]:
    counts, oldest = _counts(session)
    staff = {
        pool: (workers, slots)
        for pool, workers, slots in session.execute(
            select(Worker.pool, func.count(), func.sum(Worker.slots))
            .where(Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S, Worker.draining_at.is_(None))
            .group_by(Worker.pool)
        )
    }
    pauses, now = paused_pools(session), database_now_s(session)

    def view(pool: Pool) -> PoolView:
        since, pause = oldest.get(pool), pauses.get(pool)
        return PoolView(
            name=pool,
            workers=staff.get(pool, (0, 0))[0],
            slots=staff.get(pool, (0, 0))[1],
            running=counts[pool, StepStatus.RUNNING],
            ready=counts[pool, StepStatus.READY],
            waiting=counts[pool, StepStatus.WAITING],
            oldest_age_s=None if since is None else round(max(0.0, now - since), 3),
            pause=None if pause is None else PauseView(pause.reason, pause.since, pause.until),
        )

    return tuple(view(pool) for pool in Pool)


def _counts(session: Session) -> tuple[Counter[tuple[str, str]], dict[str, float]]:
    """How many steps each pool has in each state, and since when its oldest ready step is ready."""
    counts: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, float] = {}
    # One query for each partial index: their cost follows what is live, not what has ever been done.
    for condition in (IS_UNRUNG, IS_IN_FLIGHT, IS_WAITING):
        rows = session.execute(
            select(Step.pool, Step.status, func.count(), func.min(Step.ready_at))
            .where(text(condition))
            .group_by(Step.pool, Step.status)
        )
        for pool, status, count, since in rows:
            counts[pool, status] += count
            if status == StepStatus.READY and since is not None:
                oldest[pool] = min(since, oldest.get(pool, since))
    _count_deliveries(session, counts, oldest)
    return counts, oldest


def _count_deliveries(session: Session, counts: Counter[tuple[str, str]], oldest: dict[str, float]) -> None:
    """The same of the deliveries of webhooks, in the words for steps."""
    delivery, endpoint = WebhookDelivery, WebhookEndpoint
    sending = select(func.count()).select_from(delivery).where(text(IS_SENDING))
    counts[Pool.HOOKS, StepStatus.RUNNING] = session.scalars(sending).one()
    is_ready = and_(delivery.next_at <= now_s(), func.coalesce(endpoint.open_until, 0) <= now_s())
    pending = (
        select(is_ready.label("is_ready"), func.count(), func.min(delivery.next_at))
        .join(endpoint, endpoint.id == delivery.endpoint_id)
        .where(text(IS_PENDING))
        .group_by("is_ready")
    )
    for is_now, count, since in session.execute(pending):
        counts[Pool.HOOKS, StepStatus.READY if is_now else StepStatus.WAITING] = count
        if is_now:
            oldest[Pool.HOOKS] = since
