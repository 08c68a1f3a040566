"""Whether the farm's books are right: what must hold at any moment, whatever has died, and what must hold at rest.

Each finding is a sentence that names a job. It reads the whole database, so it is for tests, soaks and a doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.states import LIVE_STEP_STATUSES, TERMINAL_JOB_STATUSES, JobStatus, StepStatus
from app.models import Artifact, Job, JobEvent, Step, StepAttempt, StepEdge
from app.models.database import Database, now_s
from app.storage.protocol import Storage

TOLD_OF_EACH = 5
# A lease is taken back by the next sweep after its end; a sweep may be late on a busy machine.
SWEEP_WITHIN_S = 5.0
WON = ("succeeded", "adopted")

IS_TERMINAL = Job.status.in_(TERMINAL_JOB_STATUSES)
IS_TERMINAL_EVENT = or_(*(JobEvent.type.endswith(f".{status}") for status in TERMINAL_JOB_STATUSES)) & not_(
    JobEvent.type.startswith("step.")
)


def audit(database: Database, storage: Storage, accepted: Collection[str] = ()) -> list[str]:
    """All that is wrong, a sentence each; `accepted` are the public ids of jobs that must be there."""
    with database.read() as session:
        return [
            *(f"{public_id} was accepted and is not there" for public_id in _lost(session, accepted)),
            *(finding for check in CHECKS for finding in check(session)),
            *_missing_bytes(session, storage),
        ]


def _lost(session: Session, accepted: Collection[str]) -> list[str]:
    known = set(session.scalars(select(Job.public_id)))
    return sorted(set(accepted) - known)


def _one_terminal_event(session: Session) -> Iterator[str]:
    ends = (
        select(JobEvent.job_id, func.count().label("ends"), func.max(JobEvent.seq).label("last"))
        .where(IS_TERMINAL_EVENT)
        .group_by(JobEvent.job_id)
        .subquery()
    )
    query = select(Job.public_id, Job.status).outerjoin(ends, ends.c.job_id == Job.id)
    yield from _told(
        session, query.where(IS_TERMINAL, func.coalesce(ends.c.ends, 0) != 1), "has not one terminal event"
    )
    yield from _told(session, query.where(not_(IS_TERMINAL), ends.c.ends > 0), "has a terminal event and goes on")
    yield from _told(session, query.where(IS_TERMINAL, ends.c.last != Job.last_seq), "has events after its end")
    changed = select(Job.public_id, Job.status).where(IS_TERMINAL, Job.updated_at != Job.finished_at)
    yield from _told(session, changed, "has changed after its end")
    named = select(Job.public_id, Job.status).join(JobEvent, JobEvent.job_id == Job.id)
    other = and_(IS_TERMINAL, IS_TERMINAL_EVENT, JobEvent.type != Job.kind + "." + Job.status)
    yield from _told(session, named.where(other), "has the terminal event of another end")


def _unbroken_timeline(session: Session) -> Iterator[str]:
    counted = select(func.count()).where(JobEvent.job_id == Job.id).scalar_subquery()
    yield from _told(session, select(Job.public_id, Job.status).where(counted != Job.last_seq), "misses events")


def _steps_agree_with_their_job(session: Session) -> Iterator[str]:
    ended_but_live = _steps(IS_TERMINAL, Step.status.in_(LIVE_STEP_STATUSES))
    yield from _told(session, ended_but_live, "has ended and a step of it has not")
    unfinished = _steps(Job.status == JobStatus.SUCCEEDED, Step.status != StepStatus.SUCCEEDED)
    yield from _told(session, unfinished, "has succeeded without a step of it")
    sums = (
        select(
            Step.job_id,
            func.count().filter(Step.status != StepStatus.SUCCEEDED).label("open"),
            func.coalesce(func.sum(Step.weight).filter(Step.status == StepStatus.SUCCEEDED), 0).label("done"),
        )
        .group_by(Step.job_id)
        .subquery()
    )
    query = select(Job.public_id, Job.status).join(sums, sums.c.job_id == Job.id)
    wrong = or_(Job.open_steps != sums.c.open, Job.work_done != sums.c.done)
    yield from _told(session, query.where(wrong), "counts its steps wrongly")
    has_live_step = select(Step.id).where(Step.job_id == Job.id, Step.status.in_(LIVE_STEP_STATUSES)).exists()
    dead = select(Job.public_id, Job.status).where(not_(IS_TERMINAL), not_(has_live_step))
    yield from _told(session, dead, "goes on with nothing left to do")


def _needs_are_counted(session: Session) -> Iterator[str]:
    needed = aliased(Step)
    unmet = (
        select(func.count())
        .select_from(StepEdge)
        .join(needed, needed.id == StepEdge.needs_id)
        .where(StepEdge.step_id == Step.id, needed.status != StepStatus.SUCCEEDED)
        .scalar_subquery()
    )
    live = Step.status.in_(LIVE_STEP_STATUSES)
    yield from _told(session, _steps(live, Step.unmet != unmet), "counts a step's needs wrongly")
    yield from _told(session, _steps(Step.status == StepStatus.BLOCKED, Step.unmet == 0), "blocks a step for nothing")
    opened = live & (Step.status != StepStatus.BLOCKED)
    yield from _told(session, _steps(opened, Step.unmet > 0), "has opened a step too early")


def _one_committed_output(session: Session) -> Iterator[str]:
    attempts = (
        select(
            StepAttempt.step_id,
            func.count().label("claims"),
            func.max(StepAttempt.token).label("last"),
            func.count().filter(StepAttempt.outcome.in_(WON)).label("won"),
            func.max(StepAttempt.token).filter(StepAttempt.outcome.in_(WON)).label("won_by"),
            func.count().filter(StepAttempt.outcome.is_(None)).label("unfinished"),
        )
        .group_by(StepAttempt.step_id)
        .subquery()
    )
    query = (
        select(Job.public_id, Step.name)
        .join(Step, Step.job_id == Job.id)
        .outerjoin(attempts, attempts.c.step_id == Step.id)
    )
    claims, won = func.coalesce(attempts.c.claims, 0), func.coalesce(attempts.c.won, 0)
    succeeded = Step.status == StepStatus.SUCCEEDED
    yield from _told(session, query.where(claims != Step.token), "has an incomplete history of attempts")
    yield from _told(session, query.where(succeeded, won != 1), "has a step that was not done exactly once")
    yield from _told(session, query.where(not_(succeeded), won > 0), "has a step that was done and is not")
    yield from _told(session, query.where(succeeded, attempts.c.won_by != Step.token), "has a result of a stale token")
    unfinished = func.coalesce(attempts.c.unfinished, 0) != case((Step.status == StepStatus.RUNNING, 1), else_=0)
    yield from _told(session, query.where(unfinished), "has an attempt that never ended, or one that none knows of")
    outputs = select(func.count()).where(Artifact.step_id == Step.id).scalar_subquery()
    yield from _told(session, query.where(not_(succeeded), outputs > 0), "has outputs of a step that did not succeed")


def _no_overdue_lease(session: Session) -> Iterator[str]:
    overdue = _steps(Step.status == StepStatus.RUNNING, Step.lease_expires_at < now_s() - SWEEP_WITHIN_S)
    yield from _told(session, overdue, "has a step that runs past its lease")


CHECKS: tuple[Callable[[Session], Iterator[str]], ...] = (
    _one_terminal_event,
    _unbroken_timeline,
    _steps_agree_with_their_job,
    _needs_are_counted,
    _one_committed_output,
    _no_overdue_lease,
)


def _missing_bytes(session: Session, storage: Storage) -> Iterator[str]:
    facts = (Job.public_id, Artifact.name, Artifact.sha256, Artifact.size_bytes)
    for public_id, name, sha256, size_bytes in session.execute(select(*facts).join(Job, Job.id == Artifact.job_id)):
        if not storage.has(sha256, size_bytes):
            yield f"{public_id} misses the bytes of {name}"


def _steps(*conditions: ColumnElement[bool]) -> Select[tuple[str, str]]:
    return select(Job.public_id, Step.name).join(Step, Step.job_id == Job.id).where(*conditions)


def _told(session: Session, query: Select[tuple[str, str]], what: str) -> Iterator[str]:
    """The first few rows of a query that should find none."""
    for public_id, detail in session.execute(query.limit(TOLD_OF_EACH)):
        yield f"{public_id} ({detail}) {what}"
