"""Find the steps that are stuck, say so once on their jobs' timelines, and forget the ones that move again.

Nothing is mended here: leases, doorbells and waits are recovered by `recover`, with their limits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from app.domain.flow_limits import FlowLimits
from app.domain.states import StepStatus
from app.domain.stuck import (
    FAR_OVER_FLOOR_S,
    READY_PATIENCE_S,
    RESUME_PATIENCE_S,
    SILENT_SHARE,
    StepSight,
    StuckReason,
    p99,
    why_stuck,
)
from app.models import Job, Step, StuckStep
from app.models.database import Database, database_now_s
from app.models.step import IS_DONE_HERE, IS_IN_FLIGHT, IS_LEASED, IS_UNRUNG, IS_WAITING
from app.services.job_log import lock_job, record
from app.services.standstill import Standstill

log = structlog.get_logger()

BATCH = 200
RECENT_DURATIONS = 200


@dataclass(frozen=True)
class StuckView:
    """A stuck step; `since` is when it was found (epoch seconds)."""

    job_id: str
    step: str
    kind: str
    pool: str
    status: str
    reason: StuckReason
    worker: str | None
    since: float


@dataclass(frozen=True)
class _Found:
    step_id: int
    job_id: int
    token: int
    reason: StuckReason


def find_stuck(database: Database, lease_ttl_s: float, limits: FlowLimits, standstill: Standstill) -> int:
    """One sweep; how many steps it found stuck. `standstill` is what the earlier sweeps of this process have seen."""
    with database.read() as session:
        now = database_now_s(session)
        stillness = standstill.look(session, now, limits)
        found = {it.step_id: it for it in _look(session, now, lease_ttl_s, limits, stillness.standing)}
        known = {row.step_id: row for row in session.scalars(select(StuckStep))}
        in_doubt = _in_doubt(session, stillness.in_doubt)
    moved = [
        step_id
        for step_id, row in known.items()
        if (found[step_id].token if step_id in found else in_doubt.get(step_id)) != row.token
    ]
    if moved:
        with database.begin() as session:
            session.execute(delete(StuckStep).where(StuckStep.step_id.in_(moved)))
    for it in found.values():
        if it.step_id in moved or it.step_id not in known or known[it.step_id].reason != it.reason:
            _tell(database, it)
    return len(found)


def view_stuck(database: Database) -> tuple[StuckView, ...]:
    """The steps that the last sweep found stuck, the longest first."""
    with database.read() as session:
        rows = session.execute(
            select(StuckStep, Step, Job.public_id)
            .join(Step, Step.id == StuckStep.step_id)
            .join(Job, Job.id == Step.job_id)
            .order_by(StuckStep.since, StuckStep.step_id)
            .limit(BATCH)
        )
        return tuple(
            StuckView(
                job_id=public_id,
                step=step.name,
                kind=step.kind,
                pool=step.pool,
                status=step.status,
                reason=StuckReason(stuck.reason),
                worker=step.worker if step.status == StepStatus.RUNNING else None,
                since=stuck.since,
            )
            for stuck, step, public_id in rows
        )


def _tell(database: Database, found: _Found) -> None:
    """Note the step and write the event, unless it has moved or another process was first."""
    with database.begin() as session:
        job = lock_job(session, found.job_id)
        step = session.execute(select(Step).where(Step.id == found.step_id).with_for_update()).scalar_one()
        noted = session.get(StuckStep, found.step_id, populate_existing=True)
        is_told = noted is not None and (noted.token, noted.reason) == (found.token, found.reason)
        is_live = step.status in (StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING)
        if is_told or not is_live or step.token != found.token:
            return
        now = database_now_s(session)
        session.merge(StuckStep(step_id=step.id, token=step.token, reason=found.reason, since=now))
        record(session, job, "step.stuck", now, step=step.name, reason=found.reason)
        about = {"job_id": job.public_id, "correlation_id": job.correlation_id}
        log.warning("step_stuck", step=step.name, reason=found.reason, worker=step.worker, **about)


def _in_doubt(session: Session, pools: Collection[str]) -> dict[int, int]:
    """The steps, with their tokens, that may be stuck for all that this process has seen so far of their pools.

    Another dispatcher, which has looked for longer, has found them: forgotten here, they would be told again there.
    """
    return dict(
        session.execute(
            select(Step.id, Step.token)
            .join(StuckStep, StuckStep.step_id == Step.id)
            .where(StuckStep.reason == StuckReason.READY_TOO_LONG_WHILE_IDLE)
            .where(Step.status == StepStatus.READY, Step.pool.in_(pools))
        )
        .tuples()
        .all()
    )


def _look(
    session: Session, now: float, lease_ttl_s: float, limits: FlowLimits, standing: Collection[str]
) -> list[_Found]:
    """Look at the steps that might be stuck, and judge them. `standing` are the pools that stand still."""
    silent_from = now + (1 - SILENT_SHARE) * lease_ttl_s
    overdue = or_(Step.lease_expires_at < silent_from, Step.started_at < now - FAR_OVER_FLOOR_S)
    # A query for each partial index: what is looked at is what lives, however much has been done.
    suspects = [
        *session.scalars(select(Step).where(text(IS_LEASED), overdue).limit(BATCH)),
        *session.scalars(select(Step).where(text(IS_WAITING), Step.resume_at < now - RESUME_PATIENCE_S).limit(BATCH)),
    ]
    for pool in standing:
        aged = (Step.pool == pool, Step.ready_at < now - READY_PATIENCE_S)
        called = select(Step).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY, *aged)
        # In the index's order, so that each sweep finds the same ones of a long backlog and tells none anew.
        queued = select(Step).where(text(IS_UNRUNG), *aged).order_by(Step.org_id, Step.priority.desc(), Step.id)
        suspects += [*session.scalars(called.limit(BATCH)), *session.scalars(queued.limit(BATCH))]
    running_kinds = {step.kind for step in suspects if step.status == StepStatus.RUNNING}
    p99_s = {kind: _p99_s(session, kind) for kind in running_kinds}
    found = []
    for step in suspects:
        may_be_held = limits.org_concurrency is not None or step.provider in limits.concurrency
        sight = StepSight(
            status=StepStatus(step.status),
            now=now,
            lease_ttl_s=lease_ttl_s,
            lease_expires_at=step.lease_expires_at,
            started_at=step.started_at,
            ready_at=step.ready_at,
            resume_at=step.resume_at,
            kind_p99_s=p99_s.get(step.kind),
            pool_stands_still=step.pool in standing and not may_be_held,
        )
        reason = why_stuck(sight)
        if reason is not None:
            found.append(_Found(step.id, step.job_id, step.token, reason))
    return found


def _p99_s(session: Session, kind: str) -> float | None:
    """Of the latest durations of a kind, adopted results left out."""
    latest = session.scalars(
        select(Step.finished_at - Step.started_at)
        .where(text(IS_DONE_HERE), Step.kind == kind)
        .order_by(Step.finished_at.desc())
        .limit(RECENT_DURATIONS)
    )
    return p99([duration_s for duration_s in latest if duration_s is not None])
