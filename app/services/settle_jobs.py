"""A job whose every runnable step is held by someone else is `waiting`, and is not any more when one can run.

Steps start to wait, pools are paused and waits end without their jobs being touched, a thousand at a time;
this sweep brings the jobs' status after them, and their timelines tell it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import and_, exists, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.domain.states import JobStatus, StepStatus
from app.domain.waits import HOLDS_A_JOB
from app.models import Job, Step
from app.models.database import Database, database_now_s
from app.models.job import IS_LIVE
from app.models.step import IS_UNRUNG, IS_WAITING
from app.services.job_facts import read_waits
from app.services.job_log import record
from app.services.pool_pauses import paused_pools

BATCH = 100
UNSETTLED = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING)


def settle_jobs(database: Database) -> int:
    """One sweep over at most a batch of jobs; how many have begun to wait or go on."""
    # Found without the write lock, which on SQLite would hold up everyone for a look that mostly finds nothing.
    with database.read() as session:
        job_ids = _unsettled(session, paused_pools(session))
    if not job_ids:
        return 0
    with database.begin() as session:
        jobs = session.scalars(
            select(Job).where(Job.id.in_(job_ids), Job.status.in_(UNSETTLED)).with_for_update(skip_locked=True)
        ).all()
        now = database_now_s(session)
        return sum(_settle(session, job, now) for job in jobs)


def _settle(session: Session, job: Job, now: float) -> bool:
    wait = read_waits(session, [job.id])[job.id]
    if (wait is None) == (job.status != JobStatus.WAITING):
        return False
    if wait is not None:
        job.status = JobStatus.WAITING
        record(session, job, f"{job.kind}.waiting", now, reason=wait.reason, resume_at=wait.resume_at)
    else:
        job.status = JobStatus.QUEUED if job.started_at is None else JobStatus.RUNNING
        record(session, job, f"{job.kind}.resumed", now)
    return True


def _unsettled(session: Session, paused: Collection[str]) -> Sequence[int]:
    """Jobs whose status says other than their steps."""
    step = aliased(Step)
    can_move = exists().where(
        step.job_id == Job.id,
        or_(
            step.status == StepStatus.RUNNING,
            and_(step.status == StepStatus.READY, step.pool.not_in(paused)),
            and_(step.status == StepStatus.WAITING, step.wait_reason.not_in(HOLDS_A_JOB)),
        ),
    )
    # In the words of the partial indexes: what is looked at is what waits, however many steps have ended.
    waiting = select(Step.job_id).where(text(IS_WAITING), Step.wait_reason.in_(HOLDS_A_JOB))
    paused_ones = select(Step.job_id).where(text(IS_UNRUNG), Step.pool.in_(paused))
    moving = Job.status.in_((JobStatus.QUEUED, JobStatus.RUNNING))
    begins_to_wait = [
        select(Job.id).where(Job.id.in_(held), moving, ~can_move).limit(BATCH) for held in (waiting, paused_ones)
    ]
    goes_on = select(Job.id).where(text(IS_LIVE), Job.status == JobStatus.WAITING, can_move).limit(BATCH)
    return [job_id for query in (*begins_to_wait, goes_on) for job_id in session.scalars(query)]
