"""Take a running step from a worker that is lost: its attempt has failed, and its token commits nothing any more."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import select

from app.domain.errors import WorkerLost
from app.domain.states import StepStatus
from app.models import Step
from app.models.database import Database, database_now_s
from app.services.fail_step import settle_failure
from app.services.job_log import lock_idle_job

log = structlog.get_logger()


def take_back(
    database: Database, step_id: int, job_id: int, *, is_lost: Callable[[Step, float], bool], why: Callable[[Step], str]
) -> bool:
    """Whether it was taken back: `is_lost(step, now)` is asked once more under the lock; `why` is for a person.

    A transaction of its own: one job's lock is never held while waiting for another's. A step or a job that someone
    else holds is left for the next time.
    """
    with database.begin() as session:
        # A worker that was cut off inside a transaction holds its rows until the database ends it.
        job = lock_idle_job(session, job_id)
        if job is None:
            return False
        step = session.execute(
            select(Step).where(Step.id == step_id).with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        now = database_now_s(session)
        if step is None or step.status != StepStatus.RUNNING or not is_lost(step, now):
            return False
        lost = WorkerLost(why(step), worker=step.worker)
        about = {"job_id": job.public_id, "correlation_id": job.correlation_id}
        facts = {**about, "step": step.name, "worker": step.worker, "attempt": step.attempt}
        settle_failure(session, job, step, lost, now)
    # After the commit: on a full disk it does not happen, and must not be told each second.
    log.warning("step_taken_back", reason=lost.message, **facts)
    return True
