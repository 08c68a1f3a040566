"""A worker answers a doorbell: take the step, or learn that there is nothing to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.states import JobStatus, StepStatus
from app.models import Job, Step, StepAttempt, StepEdge
from app.models.database import Database, database_now_s
from app.services.job_log import lock_job, record
from app.services.pool_pauses import is_paused
from app.storage.protocol import Blob


@dataclass(frozen=True)
class Claim:
    """A worker's right to a step: whoever holds the highest `token` may commit, no one else.

    `upstream` maps each needed step's name to its outputs by name. A `fresh` step is done even if its result is known;
    `parent_id` is the job that this one was made from, whose results count before all others.
    """

    step_id: int
    job_id: int
    job_public_id: str
    correlation_id: str
    org_id: int
    name: str
    kind: str
    token: int
    attempt: int
    max_attempts: int
    params: Mapping[str, Any]
    upstream: Mapping[str, Mapping[str, Blob]]
    fresh: bool = False
    parent_id: int | None = None


def claim_step(database: Database, step_id: int, worker: str, lease_ttl_s: float) -> Claim | None:
    """Move a ready step to running under a new token, counting the attempt; None when it is not ready (any more).

    None as well while its pool is paused: it may have been called a moment before the pause.
    """
    with database.begin() as session:
        step = session.get(Step, step_id)
        if step is None or step.status != StepStatus.READY or is_paused(session, step.pool):
            return None
        job = lock_job(session, step.job_id)
        now = database_now_s(session)
        taken = session.execute(
            update(Step)
            .where(Step.id == step_id, Step.status == StepStatus.READY)
            .values(
                status=StepStatus.RUNNING,
                attempt=Step.attempt + 1,
                token=Step.token + 1,
                worker=worker,
                lease_expires_at=now + lease_ttl_s,
                started_at=now,
                progress=0.0,
                rung_at=None,
                rings=0,
                resume_at=None,
                wait_reason=None,
            )
            .returning(Step.token, Step.attempt)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if taken is None:
            return None
        token, attempt = taken
        session.add(
            StepAttempt(
                step_id=step_id,
                token=token,
                attempt=attempt,
                worker=worker,
                provider=step.provider,
                started_at=now,
            )
        )
        _mark_started(session, job, now)
        record(session, job, "step.started", now, step=step.name, attempt=attempt)
        return Claim(
            step_id=step_id,
            job_id=job.id,
            job_public_id=job.public_id,
            correlation_id=job.correlation_id,
            org_id=job.org_id,
            name=step.name,
            kind=step.kind,
            token=token,
            attempt=attempt,
            max_attempts=step.max_attempts,
            params=step.params,
            upstream=_upstream(session, step_id),
            fresh=step.fresh,
            parent_id=job.parent_id,
        )


def _mark_started(session: Session, job: Job, now: float) -> None:
    if job.status == JobStatus.RUNNING:
        return
    is_first = job.started_at is None
    job.status = JobStatus.RUNNING
    job.started_at = job.started_at or now
    record(session, job, f"{job.kind}.started" if is_first else f"{job.kind}.resumed", now)


def _upstream(session: Session, step_id: int) -> dict[str, dict[str, Blob]]:
    rows = session.execute(
        select(Step.name, Step.outputs).join(StepEdge, StepEdge.needs_id == Step.id).where(StepEdge.step_id == step_id)
    )
    return {
        name: {output: Blob.from_json(blob) for output, blob in (outputs or {}).items()}
        for name, outputs in rows.tuples()
    }
