"""A step whose result is not known after all goes on to the pool that does it."""

from __future__ import annotations

from app.models.database import Database, database_now_s
from app.services.claim_step import Claim
from app.services.finish_step import owned_step
from app.services.job_log import lock_job, record
from app.services.let_go import let_go


def pass_on(database: Database, claim: Claim) -> None:
    """Make the step ready in its own pool, without counting the attempt; LeaseLost when it is not ours any more."""
    with database.begin() as session:
        job = lock_job(session, claim.job_id)
        step = owned_step(session, claim)
        now = database_now_s(session)
        record(session, job, "step.passed_on", now, step=step.name, attempt=step.attempt)
        step.pool, step.work_pool = step.work_pool or step.pool, None
        let_go(session, step, now, "passed_on")
