"""Ring the doorbells of ready steps: by priority and fair share, within each pool's window and all other limits.

The backlog stays in the database; the broker holds only as many messages as workers will soon take.
Called after every commit that made a step ready, and each second by the dispatcher.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import structlog
from sqlalchemy import bindparam, func, select, text, union_all, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from app.domain.errors import ServiceUnavailable
from app.domain.fair_share import choose
from app.domain.flow_limits import NO_LIMITS, FlowLimits
from app.domain.states import Pool
from app.models import Step, StepAttempt
from app.models.database import Database, first_line, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG
from app.services.backlog import first_in_line
from app.services.farm import Bell, Doorbell, Farm
from app.services.hold_back import hold_back
from app.services.pool_rooms import PoolRoom, pool_rooms

log = structlog.get_logger()

# Any constant: it names the lock under which limits are counted and used up.
LIMITS_LOCK = 0x5CEF1

# How attempts end whose worker learns of it afterwards.
LET_GO = ("canceled", "handed_back")
LONGEST_CALL_S = 600.0

# What another dispatch is calling at this moment is passed over.
UNRUNG = aliased(Step)
RING = (
    update(Step)
    .where(
        Step.id.in_(
            select(UNRUNG.id)
            .where(UNRUNG.id.in_(bindparam("chosen", expanding=True)), text(IS_UNRUNG))
            .with_for_update(skip_locked=True)
        )
    )
    .values(rung_at=now_s(), rings=Step.rings + 1)
    .returning(Step.id, Step.kind)
)


def dispatch(database: Database, bell: Bell, limits: FlowLimits = NO_LIMITS) -> int:
    """Call as many ready steps as the windows have room for; the number of doorbells rung.

    What the limits do not let start yet goes to wait; a paused pool is left alone.
    When the broker is away the steps go back to being uncalled, and the next dispatch tries again.
    """
    with database.begin() as session:
        if limits.are_strict:
            _count_alone(session)
        rooms = pool_rooms(session)
        if not rooms.backlogs:
            return 0
        hold_back(session, limits, rooms.paused)
        doorbells = [
            doorbell
            for pool, room in rooms.backlogs.items()
            if room.room
            for doorbell in _call(session, pool, room, limits)
        ]
    for rung, doorbell in enumerate(doorbells):
        try:
            bell.ring(doorbell)
        except ServiceUnavailable as error:
            uncalled = [waiting.step_id for waiting in doorbells[rung:]]
            log.warning("doorbells_not_rung", steps=len(uncalled), reason=error.message)
            _take_back(database, uncalled)
            return rung
    return len(doorbells)


def dispatch_now_or_later(database: Database, bell: Bell, limits: FlowLimits = NO_LIMITS) -> int:
    """As `dispatch`, after a commit that stands whatever comes of this: the dispatcher soon calls what is left."""
    try:
        return dispatch(database, bell, limits)
    except SQLAlchemyError as error:
        log.warning("dispatch_postponed", reason=first_line(error))
        return 0


def call_ready(farm: Farm) -> None:
    """After a commit of a request: call what it made ready, or leave that to who does it for this process."""
    if farm.dispatching is None:
        dispatch_now_or_later(farm.database, farm.bell, farm.limits)
    else:
        farm.dispatching.wake()


def _count_alone(session: Session) -> None:
    """One dispatch after the other: two at once would both find the last free place. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LIMITS_LOCK)))


def _call(session: Session, pool: Pool, pool_room: PoolRoom, limits: FlowLimits) -> list[Doorbell]:
    """Choose the pool's next steps and mark them as rung, in the caller's transaction."""
    room, in_flight = pool_room.room, pool_room.in_flight
    lane_room = _lane_room(session, limits)
    full = [lane for lane, free in lane_room.items() if free <= 0]
    candidates = first_in_line(session, pool, room, in_flight, _org_room(session, limits, room), full)
    chosen = choose(candidates, in_flight, room, lane_room)
    if not chosen:
        return []
    order = {candidate.step_id: position for position, candidate in enumerate(chosen)}
    rung = session.connection().execute(RING, {"chosen": list(order)}).tuples()
    doorbells = [Doorbell(step_id, kind, pool) for step_id, kind in sorted(rung, key=lambda row: order[row[0]])]
    if lane_room and doorbells and len(chosen) < room:
        # A lane has become full, and hid steps of other lanes behind its own.
        taken = Counter(candidate.org_id for candidate in chosen)
        rest = PoolRoom(room - len(chosen), Counter(in_flight) + taken)
        doorbells += _call(session, pool, rest, limits)
    return doorbells


def _org_room(session: Session, limits: FlowLimits, room: int) -> Mapping[int, int]:
    """How many of the `room` places each org may take, given what it has in flight in all pools together."""
    limit = limits.org_concurrency
    if limit is None:
        return defaultdict(lambda: room)
    rows = session.execute(select(Step.org_id, func.count()).where(text(IS_IN_FLIGHT)).group_by(Step.org_id))
    left = {org_id: max(0, min(room, limit - count)) for org_id, count in rows.tuples()}
    return defaultdict(lambda: min(room, limit), left)


def _lane_room(session: Session, limits: FlowLimits) -> Mapping[str, int]:
    """How many more steps of each limited provider may be in flight.

    A step that was canceled or handed back a moment ago is in flight still: its worker has yet to hear of it.
    """
    if not limits.concurrency:
        return {}
    in_flight = select(Step.provider).where(text(IS_IN_FLIGHT), Step.provider.in_(limits.concurrency))
    let_go = select(StepAttempt.provider).where(
        StepAttempt.provider.in_(limits.concurrency),
        # For the index: no call takes longer.
        StepAttempt.started_at > now_s() - LONGEST_CALL_S,
        StepAttempt.finished_at > now_s() - limits.let_go_s,
        StepAttempt.outcome.in_(LET_GO),
    )
    busy = Counter(session.scalars(union_all(in_flight, let_go)))
    return {provider: limit - busy[provider] for provider, limit in limits.concurrency.items()}


def _take_back(database: Database, step_ids: list[int]) -> None:
    with database.begin() as session:
        session.execute(
            update(Step)
            .where(Step.id.in_(step_ids), Step.status == "ready")
            .values(rung_at=None, rings=Step.rings - 1)
            .execution_options(synchronize_session=False)
        )
