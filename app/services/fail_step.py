"""An attempt has ended badly: try again later, or fail the step and its job with the reason."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.domain.errors import SceneworksError
from app.domain.retry import Postpone, Retry, decide
from app.domain.states import JobStatus, StepStatus
from app.domain.waits import WaitReason
from app.models import Job, Step
from app.models.database import Database, database_now_s
from app.services.claim_step import Claim
from app.services.error_words import error_words
from app.services.finish_step import close_attempt, owned_step
from app.services.job_log import end_job, lock_job, record


def fail_step(database: Database, claim: Claim, error: SceneworksError) -> None:
    """Record a failed attempt of ours; LeaseLost when the step is not ours any more."""
    with database.begin() as session:
        job = lock_job(session, claim.job_id)
        step = owned_step(session, claim)
        settle_failure(session, job, step, error, database_now_s(session))


def settle_failure(session: Session, job: Job, step: Step, error: SceneworksError, now: float) -> None:
    """What a failed attempt leads to. The job and the step are locked, and the step is running."""
    decision = decide(
        error,
        attempt=step.attempt,
        max_attempts=step.max_attempts,
        claims=step.token,
        postponed_s=step.postponed_s,
    )
    # An adapter, an effect or a library may have quoted what it was given: secrets, a whole file, no text at all.
    message = error_words(error.message)
    outcome = "postponed" if isinstance(decision, Postpone) else "failed"
    close_attempt(session, step.id, step.token, now, outcome, error.code, message)
    step.error_code, step.error_message = error.code, message
    step.lease_expires_at = None
    step.progress = 0.0
    facts = {"step": step.name, "attempt": step.attempt, "error": {"code": error.code, "message": message}}
    match decision:
        case Retry(delay_s=0):
            step.status, step.ready_at = StepStatus.READY, now
            record(session, job, "step.retrying", now, **facts)
        case Retry(delay_s=delay_s):
            step.status, step.resume_at, step.wait_reason = StepStatus.WAITING, now + delay_s, WaitReason.BACKOFF
            record(session, job, "step.retrying", now, **facts, resume_at=now + delay_s)
        case Postpone(delay_s=delay_s, reason=reason):
            step.attempt -= 1
            step.postponed_s += delay_s
            step.status, step.resume_at, step.wait_reason = StepStatus.WAITING, now + delay_s, reason
            record(session, job, "step.postponed", now, **facts, resume_at=now + delay_s)
        case _:
            step.status, step.finished_at = StepStatus.FAILED, now
            record(session, job, "step.failed", now, **facts)
            # Flushed first: ending the job cancels what is still live, and this step is not.
            session.flush()
            end_job(session, job, JobStatus.FAILED, now, error)
