"""Put right what a death, a cut or a lost message has left behind. Any process may run it, at any time, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, select, text, update

from app.domain.retry import ring_patience_s
from app.domain.states import StepStatus
from app.models import Step
from app.models.database import Database, now_s
from app.models.step import IS_IN_FLIGHT, IS_LEASED, IS_WAITING
from app.services.take_back import take_back

BATCH = 200
# Ends a sweep even if steps come due as fast as it releases them; the next one, a second later, goes on.
MOST_BATCHES = 100
# From this many rings on, patience does not grow any more.
SETTLED_RINGS = 5


@dataclass(frozen=True)
class Recovered:
    """How many leases were taken back, doorbells freed to ring again, and waits ended."""

    leases: int
    doorbells: int
    waits: int


def recover(database: Database) -> Recovered:
    """One sweep. What it makes ready is for the next dispatch to call."""
    return Recovered(_expired_leases(database), _unanswered_doorbells(database), _ended_waits(database))


def _expired_leases(database: Database) -> int:
    with database.read() as session:
        expired = session.execute(
            select(Step.id, Step.job_id)
            .where(text(IS_LEASED), Step.lease_expires_at < now_s())
            .order_by(Step.lease_expires_at)
            .limit(BATCH)
        ).all()
    return sum(take_back(database, step_id, job_id, is_lost=_has_expired, why=_silence) for step_id, job_id in expired)


def _has_expired(step: Step, now: float) -> bool:
    return step.lease_expires_at is not None and step.lease_expires_at < now


def _silence(step: Step) -> str:
    return f"The worker {step.worker} stopped answering during {step.name}."


def _unanswered_doorbells(database: Database) -> int:
    """Forget doorbells rung longer ago than patience allows, so that they ring again."""
    patience_s = case(
        {rings: ring_patience_s(rings) for rings in range(1, SETTLED_RINGS)},
        value=Step.rings,
        else_=ring_patience_s(SETTLED_RINGS),
    )
    return _release(
        database,
        select(Step.id).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY, Step.rung_at < now_s() - patience_s),
        rung_at=None,
    )


def _ended_waits(database: Database) -> int:
    due = select(Step.id).where(text(IS_WAITING), Step.resume_at <= now_s())
    return _release(database, due, status=StepStatus.READY, ready_at=now_s(), resume_at=None, wait_reason=None)


def _release(database: Database, steps: Select[tuple[int]], **values: Any) -> int:
    """Set `values` on all the steps, passing over those that someone else is changing right now.

    Each batch is a transaction of its own: others get their turn at the rows, and on SQLite at the database.
    """
    released = 0
    for _ in range(MOST_BATCHES):
        batch = _release_batch(database, steps, values)
        released += batch
        if batch < BATCH:
            break
    return released


def _release_batch(database: Database, steps: Select[tuple[int]], values: Mapping[str, Any]) -> int:
    with database.begin() as session:
        released = session.scalars(
            update(Step)
            .where(Step.id.in_(steps.limit(BATCH).with_for_update(skip_locked=True)))
            .values(**values)
            .returning(Step.id)
            .execution_options(synchronize_session=False)
        ).all()
        return len(released)
