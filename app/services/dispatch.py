"""Ring the doorbells of ready steps: by priority and fair share, within each pool's window.

The backlog stays in the database; the broker holds only as many messages as workers will soon take.
Called after every commit that made a step ready, and each second by the dispatcher.
"""

from __future__ import annotations

from collections import defaultdict

import structlog
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.domain.errors import ServiceUnavailable
from app.domain.fair_share import Candidate, choose
from app.domain.states import Pool
from app.models import Step, Worker
from app.models.database import Database, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG
from app.services.farm import Bell, Doorbell

log = structlog.get_logger()

# A window of two calls a slot keeps every slot busy without holding the backlog in the broker.
CALLS_PER_SLOT = 2
SMALLEST_WINDOW = 4
WORKER_SEEN_WITHIN_S = 30.0


def dispatch(database: Database, bell: Bell) -> int:
    """Call as many ready steps as the windows have room for; the number of doorbells rung.

    When the broker is away the steps go back to being uncalled, and the next dispatch tries again.
    """
    with database.begin() as session:
        doorbells = [doorbell for pool in Pool for doorbell in _call(session, pool)]
    for rung, doorbell in enumerate(doorbells):
        try:
            bell.ring(doorbell)
        except ServiceUnavailable as error:
            uncalled = [waiting.step_id for waiting in doorbells[rung:]]
            log.warning("doorbells_not_rung", steps=len(uncalled), reason=error.message)
            _take_back(database, uncalled)
            return rung
    return len(doorbells)


def _call(session: Session, pool: Pool) -> list[Doorbell]:
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
    candidates: list[Candidate] = []
    # No org can be served more than `room` steps, so that is all we look at of each.
    for org_id in sorted(waiting_orgs, key=lambda org_id: in_flight[org_id]):
        firsts = session.execute(
            select(Step.id, Step.priority)
            .where(text(IS_UNRUNG), Step.pool == pool, Step.org_id == org_id)
            .order_by(Step.priority.desc(), Step.id)
            .limit(room)
            .with_for_update(skip_locked=True)
        ).all()
        candidates += [Candidate(step_id, org_id, priority) for step_id, priority in firsts]
    chosen = [candidate.step_id for candidate in choose(candidates, in_flight, room)]
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


def _window(session: Session, pool: Pool) -> int:
    slots = session.scalar(
        select(func.sum(Worker.slots)).where(Worker.pool == pool, Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S)
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
