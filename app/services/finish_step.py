"""Commit what a step gave, once: guarded by the token, together with everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import LeaseLost
from app.domain.plan import Follow
from app.domain.states import JobStatus, StepStatus
from app.models import Artifact, Step, StepAttempt, StepResult
from app.models.database import Database, database_now_s
from app.services.claim_step import Claim
from app.services.graph import grow, open_successors
from app.services.job_log import end_job, lock_job, record
from app.storage.protocol import Blob


@dataclass(frozen=True)
class Finished:
    """A step's result and what it adds to its job; `publishes` names the outputs that the customer gets."""

    input_hash: str
    outputs: Mapping[str, Blob]
    facts: Mapping[str, Any] = field(default_factory=dict)
    follow: Follow = field(default_factory=Follow)
    publishes: tuple[str, ...] = ()
    adopted: bool = False


def finish_step(database: Database, claim: Claim, result: Finished) -> None:
    """Commit the result and make ready what waited for it; LeaseLost when the step is not ours any more."""
    with database.begin() as session:
        job = lock_job(session, claim.job_id)
        step = owned_step(session, claim)
        now = database_now_s(session)
        outputs = {name: blob.to_json() for name, blob in result.outputs.items()}
        step.status = StepStatus.SUCCEEDED
        step.finished_at = now
        step.lease_expires_at = None
        step.progress = 1.0
        step.input_hash = result.input_hash
        step.outputs = outputs
        step.facts = dict(result.facts)
        step.adopted = result.adopted
        step.error_code = step.error_message = None
        close_attempt(session, claim.step_id, claim.token, now, "adopted" if result.adopted else "succeeded")
        for name, blob in result.outputs.items():
            session.add(
                Artifact(
                    org_id=job.org_id,
                    job_id=job.id,
                    step_id=step.id,
                    name=name,
                    sha256=blob.sha256,
                    size_bytes=blob.size_bytes,
                    media_type=blob.media_type,
                    is_public=name in result.publishes,
                    created_at=now,
                )
            )
        if not result.adopted:
            _remember(session, job.org_id, result, outputs, now)
        elapsed_s = round(now - (step.started_at or now), 3)
        record(session, job, "step.succeeded", now, step=step.name, adopted=result.adopted, elapsed_s=elapsed_s)
        job.title = job.title or result.follow.title
        if result.follow.grows:
            grow(session, job, result.follow.grows, now)
            record(session, job, "job.planned", now, steps=len(result.follow.grows))
        job.open_steps -= 1
        job.work_done += step.weight
        open_successors(session, step.id, now)
        if job.open_steps == 0:
            end_job(session, job, JobStatus.SUCCEEDED, now)


def owned_step(session: Session, claim: Claim) -> Step:
    """The step's row, locked, if the claim still holds; else LeaseLost. The job is locked already."""
    step = session.execute(select(Step).where(Step.id == claim.step_id).with_for_update()).scalar_one()
    if step.token != claim.token or step.status != StepStatus.RUNNING:
        raise LeaseLost(f"The step {claim.name} was taken back or canceled while it ran.")
    return step


def close_attempt(
    session: Session,
    step_id: int,
    token: int,
    now: float,
    outcome: str,
    error_code: str | None = None,
    error_message: str | None = None,
) -> None:
    """Write how an attempt ended into its history."""
    session.execute(
        update(StepAttempt)
        .where(StepAttempt.step_id == step_id, StepAttempt.token == token)
        .values(finished_at=now, outcome=outcome, error_code=error_code, error_message=error_message)
        .execution_options(synchronize_session=False)
    )


def _remember(session: Session, org_id: int, result: Finished, outputs: dict[str, Any], now: float) -> None:
    """Keep the result for adoption. Another job may have made the same one meanwhile; theirs is replaced by ours."""
    known = session.execute(
        select(StepResult).where(StepResult.org_id == org_id, StepResult.input_hash == result.input_hash)
    ).scalar_one_or_none()
    if known is not None:
        known.outputs, known.facts, known.created_at = outputs, dict(result.facts), now
        return
    row = StepResult(
        org_id=org_id, input_hash=result.input_hash, outputs=outputs, facts=dict(result.facts), created_at=now
    )
    session.add(row)


@dataclass(frozen=True)
class Known:
    """What an earlier step with the same input gave."""

    outputs: Mapping[str, Blob]
    facts: Mapping[str, Any]


def adoptable(database: Database, claim: Claim, input_hash: str) -> list[Known]:
    """Results of earlier steps of the same org with the same input, the best first.

    The parent's own comes before the last one that was remembered: a vendor paints another picture each time, and an
    edited video keeps the pictures that it had.
    """
    with database.read() as session:
        rows: list[Step | StepResult] = []
        if claim.parent_id is not None:
            own = select(Step).where(
                Step.job_id == claim.parent_id, Step.input_hash == input_hash, Step.status == StepStatus.SUCCEEDED
            )
            rows += session.scalars(own.order_by(Step.name != claim.name, Step.id).limit(1))
        rows += session.scalars(
            select(StepResult).where(StepResult.org_id == claim.org_id, StepResult.input_hash == input_hash)
        )
        return [
            Known({name: Blob.from_json(blob) for name, blob in (row.outputs or {}).items()}, row.facts or {})
            for row in rows
        ]
