"""Commit what a step gave, once: guarded by the token, together with everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Double, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import LeaseLost
from app.domain.plan import Follow, StepKind
from app.domain.states import JobStatus, StepStatus
from app.domain.step_names import ASSEMBLE
from app.models import Artifact, Job, Step, StepAttempt
from app.models.database import Database, now_s
from app.services.adoption import remember
from app.services.claim_step import Claim
from app.services.graph import grow, open_successors
from app.services.job_log import append_events, end_job, lock_job, record
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


# Built once, for the same reason as those of a claim.
LOCK = select(Job.last_seq, Job.org_id).where(Job.id == bindparam("id_of_job")).with_for_update()
COMMIT = (
    update(Step)
    .where(
        Step.id == bindparam("id_of_step"),
        Step.token == bindparam("our_token"),
        Step.status == StepStatus.RUNNING,
    )
    .values(
        status=StepStatus.SUCCEEDED,
        finished_at=now_s(),
        lease_expires_at=None,
        progress=1.0,
        input_hash=bindparam("hash"),
        outputs=bindparam("given"),
        facts=bindparam("learned"),
        adopted=bindparam("is_adopted"),
        error_code=None,
        error_message=None,
    )
    .returning(Step.finished_at, Step.started_at, Step.weight)
)
KEEP_ARTIFACT = insert(Artifact)
COUNT_OFF = (
    update(Job)
    .where(Job.id == bindparam("id_of_job"))
    .values(
        open_steps=Job.open_steps - 1,
        work_done=Job.work_done + bindparam("weight"),
        title=func.coalesce(Job.title, bindparam("new_title")),
        video_s=func.coalesce(bindparam("measured_s", type_=Double), Job.video_s),
        updated_at=bindparam("now"),
        last_seq=bindparam("seq"),
    )
    .returning(Job.open_steps)
)


def finish_step(database: Database, claim: Claim, result: Finished) -> None:
    """Commit the result and make ready what waited for it; LeaseLost when the step is not ours any more."""
    outputs = {name: blob.to_json() for name, blob in result.outputs.items()}
    with database.begin() as session:
        connection, this_job = session.connection(), {"id_of_job": claim.job_id}
        last_seq, org_id = connection.execute(LOCK, this_job).one()
        given = {"hash": result.input_hash, "given": outputs, "learned": dict(result.facts)}
        ours = {"id_of_step": claim.step_id, "our_token": claim.token, "is_adopted": result.adopted}
        committed = connection.execute(COMMIT, {**ours, **given}).one_or_none()
        if committed is None:
            raise _lease_lost(claim)
        now, started_at, weight = committed
        close_attempt(session, claim.step_id, claim.token, now, "adopted" if result.adopted else "succeeded")
        if result.outputs:
            connection.execute(KEEP_ARTIFACT, _artifacts(claim, org_id, result, now))
        if not result.adopted:
            remember(session, org_id, result.input_hash, outputs, dict(result.facts), now)
        event = {"step": claim.name, "adopted": result.adopted, "elapsed_s": round(now - started_at, 3)}
        seq = append_events(session, claim.job_id, last_seq, now, [("step.succeeded", event), *_ready(claim, result)])
        # Until the video is joined, its length is an estimate.
        measured_s = result.facts.get("duration_s") if claim.name == ASSEMBLE else None
        counted = {
            "weight": weight,
            "new_title": result.follow.title,
            "measured_s": measured_s,
            "now": now,
            "seq": seq,
        }
        open_steps = connection.execute(COUNT_OFF, {**this_job, **counted}).scalar_one()
        if result.follow.grows:
            job = lock_job(session, claim.job_id)
            grow(session, job, result.follow.grows, now)
            record(session, job, "job.planned", now, steps=len(result.follow.grows))
        elif open_steps == 0:
            end_job(session, lock_job(session, claim.job_id), JobStatus.SUCCEEDED, now)
        open_successors(session, claim.step_id, now)


def _ready(claim: Claim, result: Finished) -> list[tuple[str, dict[str, Any]]]:
    """What a variant's check lets out can be fetched from now on, however long the rest of the job takes."""
    if claim.kind != StepKind.CHECK:
        return []
    return [("output.ready", {"name": name}) for name in result.outputs if name in result.publishes]


def _artifacts(claim: Claim, org_id: int, result: Finished, now: float) -> list[dict[str, Any]]:
    return [
        {
            "org_id": org_id,
            "job_id": claim.job_id,
            "step_id": claim.step_id,
            "name": name,
            "sha256": blob.sha256,
            "size_bytes": blob.size_bytes,
            "media_type": blob.media_type,
            "is_public": name in result.publishes,
            "created_at": now,
        }
        for name, blob in result.outputs.items()
    ]


def owned_step(session: Session, claim: Claim) -> Step:
    """The step's row, locked, if the claim still holds; else LeaseLost. The job is locked already."""
    step = session.execute(select(Step).where(Step.id == claim.step_id).with_for_update()).scalar_one()
    if step.token != claim.token or step.status != StepStatus.RUNNING:
        raise _lease_lost(claim)
    return step


def _lease_lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"The step {claim.name} was taken back or canceled while it ran.")


CLOSE_ATTEMPT = (
    update(StepAttempt)
    .where(StepAttempt.step_id == bindparam("id_of_step"), StepAttempt.token == bindparam("our_token"))
    .values(
        finished_at=bindparam("now"),
        outcome=bindparam("ended"),
        error_code=bindparam("code"),
        error_message=bindparam("message"),
    )
)


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
    whose = {"id_of_step": step_id, "our_token": token}
    how = {"now": now, "ended": outcome, "code": error_code, "message": error_message}
    session.connection().execute(CLOSE_ATTEMPT, {**whose, **how})
