"""Ring the doorbells of ready steps: by priority and fair share, within each pool's window and all other limits.

The backlog stays in the database; the broker holds only as many messages as workers will soon take.
Called after every commit that made a step ready, and each second by the dispatcher.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import structlog
from sqlalchemy import func, select, text, true, update
from sqlalchemy.orm import Session

from app.domain.errors import ServiceUnavailable
from app.domain.fair_share import Candidate, choose
from app.domain.flow_limits import NO_LIMITS, FlowLimits
from app.domain.states import Pool
from app.models import Step, Worker
from app.models.database import Database, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG
from app.services.farm import Bell, Doorbell
from app.services.hold_back import hold_back
from app.services.pool_pauses import paused_pools

log = structlog.get_logger()

# A window of two calls a slot keeps every slot busy without holding the backlog in the broker.
CALLS_PER_SLOT = 2
SMALLEST_WINDOW = 4
WORKER_SEEN_WITHIN_S = 30.0
# Any constant: it names the lock under which limits are counted and used up.
LIMITS_LOCK = 0x5CEF1


def dispatch(database: Database, bell: Bell, limits: FlowLimits = NO_LIMITS) -> int:
    """Call as many ready steps as the windows have room for; the number of doorbells rung.

    What the limits do not let start yet goes to wait; a paused pool is left alone.
    When the broker is away the steps go back to being uncalled, and the next dispatch tries again.
    """
    with database.begin() as session:
        if limits.are_strict:
            _count_alone(session)
        paused = paused_pools(session)
        hold_back(session, limits, paused)
        doorbells = [doorbell for pool in Pool if pool not in paused for doorbell in _call(session, pool, limits)]
    for rung, doorbell in enumerate(doorbells):
        try:
            bell.ring(doorbell)
        except ServiceUnavailable as error:
            uncalled = [waiting.step_id for waiting in doorbells[rung:]]
            log.warning("doorbells_not_rung", steps=len(uncalled), reason=error.message)
            _take_back(database, uncalled)
            return rung
    return len(doorbells)


def _count_alone(session: Session) -> None:
    """One dispatch after the other: two at once would both find the last free place. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LIMITS_LOCK)))


def _call(session: Session, pool: Pool, limits: FlowLimits) -> list[Doorbell]:
    """Choose the pool's next steps and mark them as rung, in the caller's transaction."""
    waiting_orgs = session.scalars(
        select(Step.org_id).where(text(IS_UNRUNG), Step.pool == pool).group_by(Step.org_id)
    ).all()
    if not waiting_orgs:
        return []
    in_flight = defaultdict(int, _in_flight(session, pool))
    room = _window(session, pool) - sum(in_flight.values())
    if room <= 0:
        return []
    org_room = _org_room(session, limits, room)
    lane_room = _lane_room(session, limits)
    full = [lane for lane, free in lane_room.items() if free <= 0]
    candidates: list[Candidate] = []
    # No org can be served more than `room` steps, so that is all we look at of each.
    for org_id in sorted(waiting_orgs, key=lambda org_id: in_flight[org_id]):
        firsts = session.execute(
            select(Step.id, Step.priority, Step.provider)
            .where(text(IS_UNRUNG), Step.pool == pool, Step.org_id == org_id)
            # Steps of a full lane must not hide the ones behind them.
            .where(func.coalesce(Step.provider, "").not_in(full) if full else true())
            .order_by(Step.priority.desc(), Step.id)
            .limit(org_room[org_id])
            .with_for_update(skip_locked=True)
        ).all()
        candidates += [Candidate(step_id, org_id, priority, lane) for step_id, priority, lane in firsts]
    chosen = [candidate.step_id for candidate in choose(candidates, in_flight, room, lane_room)]
    if not chosen:
        return []
    rows = session.execute(
        update(Step)
        .where(Step.id.in_(chosen), text(IS_UNRUNG))
        .values(rung_at=now_s(), rings=Step.rings + 1)
        .returning(Step.id, Step.kind)
        .execution_options(synchronize_session=False)
    ).all()
    order = {step_id: position for position, step_id in enumerate(chosen)}
    return [Doorbell(step_id, kind, pool) for step_id, kind in sorted(rows, key=lambda row: order[row[0]])]


def _in_flight(session: Session, pool: Pool) -> dict[int, int]:
    """Steps of each org that run or are called."""
    rows = session.execute(
        select(Step.org_id, func.count()).where(text(IS_IN_FLIGHT), Step.pool == pool).group_by(Step.org_id)
    )
    return dict(rows.tuples().all())


def _org_room(session: Session, limits: FlowLimits, room: int) -> Mapping[int, int]:
    """How many of the `room` places each org may take, given what it has in flight in all pools together."""
    limit = limits.org_concurrency
    if limit is None:
        return defaultdict(lambda: room)
    rows = session.execute(select(Step.org_id, func.count()).where(text(IS_IN_FLIGHT)).group_by(Step.org_id))
    left = {org_id: max(0, min(room, limit - count)) for org_id, count in rows.tuples()}
    return defaultdict(lambda: min(room, limit), left)


def _lane_room(session: Session, limits: FlowLimits) -> Mapping[str, int]:
    """How many more steps of each limited provider may be in flight."""
    if not limits.concurrency:
        return {}
    rows = session.execute(
        select(Step.provider, func.count())
        .where(text(IS_IN_FLIGHT), Step.provider.in_(limits.concurrency))
        .group_by(Step.provider)
    )
    busy = dict(rows.tuples().all())
    return {provider: limit - busy.get(provider, 0) for provider, limit in limits.concurrency.items()}


def _window(session: Session, pool: Pool) -> int:
    slots = session.scalar(
        select(func.sum(Worker.slots)).where(
            Worker.pool == pool, Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S, Worker.draining_at.is_(None)
        )
    )
    return max(SMALLEST_WINDOW, CALLS_PER_SLOT * (slots or 0))


def _take_back(database: Database, step_ids: list[int]) -> None:
    with database.begin() as session:
        session.execute(
            update(Step)
            .where(Step.id.in_(step_ids), Step.status == "ready")
            .values(rung_at=None, rings=Step.rings - 1)
            .execution_options(synchronize_session=False)
        )
