"""What every change of a job does inside its transaction: lock the job, write the event, end the job once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import SceneworksError
from app.domain.states import LIVE_STEP_STATUSES, JobStatus, StepStatus
from app.models import Job, JobEvent, Step, StepAttempt
from app.models.event import CORRELATION_ID
from app.services.error_words import error_words
from app.services.webhook_messages import tell_of_job
from config.redaction import redact


def lock_job(session: Session, job_id: int) -> Job:
    """The job's row, locked till the end of the transaction; always before any of its steps, so nothing deadlocks."""
    return session.execute(
        select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def lock_idle_job(session: Session, job_id: int) -> Job | None:
    """The job's row, locked; None while someone else holds it, for whom a sweep over many jobs must not wait."""
    return session.execute(
        select(Job).where(Job.id == job_id).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()


def record(session: Session, job: Job, type_: str, now: float, **data: Any) -> None:
    """Append an event to a locked job's timeline, and tell whoever listens."""
    job.last_seq += 1
    job.updated_at = now
    session.add(JobEvent(job_id=job.id, seq=job.last_seq, type=type_, data=data, at=now))
    tell_of_job(session, job, type_, now, data)


APPEND = insert(JobEvent)


def append_events(
    session: Session, job_id: int, last_seq: int, now: float, events: Sequence[tuple[str, Mapping[str, Any]]]
) -> int:
    """Append (type, data) events to the timeline of a locked job that is not loaded; its new `last_seq`, to be kept.

    For what happens to every step: `record` says the same of a job that is at hand as an object.
    """
    rows = [
        {"job_id": job_id, "seq": seq, "type": type_, "data": data, "at": now}
        for seq, (type_, data) in enumerate(events, start=last_seq + 1)
    ]
    session.connection().execute(APPEND, rows)
    return last_seq + len(rows)


def end_job(
    session: Session,
    job: Job,
    status: JobStatus,
    now: float,
    error: SceneworksError | None = None,
    reason: str | None = None,
    asked_by: str | None = None,
) -> None:
    """Bring a locked, live job to a terminal state: its one terminal event, and no step of it left live.

    `error` is why it failed; `reason` is what whoever stopped it has said, and `asked_by` the
    correlation id of that request.
    """
    assert status.is_terminal and not JobStatus(job.status).is_terminal
    job.status = status
    job.finished_at = now
    facts: dict[str, Any] = {}
    if error is not None:
        message = error_words(error.message)
        facts["error"] = {"code": error.code, "message": message}
        job.error_code, job.error_message, job.error_retryable = error.code, message, error.retryable
    if status is not JobStatus.SUCCEEDED:
        _cancel_live_steps(session, job, now)
    if reason is not None:
        facts["reason"] = redact(reason)
    if asked_by is not None:
        facts[CORRELATION_ID] = asked_by
    record(session, job, f"{job.kind}.{status.value}", now, **facts)


def _cancel_live_steps(session: Session, job: Job, now: float) -> None:
    live = (Step.job_id == job.id, Step.status.in_(LIVE_STEP_STATUSES))
    quiet = {"synchronize_session": False}
    session.execute(
        update(StepAttempt)
        .where(StepAttempt.step_id.in_(select(Step.id).where(*live)), StepAttempt.outcome.is_(None))
        .values(finished_at=now, outcome="canceled"),
        execution_options=quiet,
    )
    session.execute(
        update(Step).where(*live).values(status=StepStatus.CANCELED, finished_at=now, lease_expires_at=None),
        execution_options=quiet,
    )
