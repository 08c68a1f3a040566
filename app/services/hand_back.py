"""A worker that must go gives back what it has not finished: ready at once, for whoever is free."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from sqlalchemy import select, text

from app.domain.states import StepStatus
from app.models import Step, Worker
from app.models.database import Database, database_now_s
from app.models.step import IS_LEASED
from app.services.job_log import lock_job, record
from app.services.let_go import let_go

log = structlog.get_logger()


def hand_back(database: Database, worker: str) -> int:
    """Make ready the steps that `worker` runs, without counting their attempts; how many there were.

    Whoever is still at one of them learns at the next beat that its lease is gone, and its token commits nothing.
    """
    with database.read() as session:
        held = session.execute(select(Step.id, Step.job_id).where(text(IS_LEASED), Step.worker == worker)).all()
    handed_back = 0
    # A transaction each, as everywhere: one job's lock is never held while waiting for another's.
    for step_id, job_id in held:
        with database.begin() as session:
            job = lock_job(session, job_id)
            step = session.execute(select(Step).where(Step.id == step_id).with_for_update()).scalar_one()
            if step.status != StepStatus.RUNNING or step.worker != worker:
                continue
            now = database_now_s(session)
            record(session, job, "step.handed_back", now, step=step.name, attempt=step.attempt)
            let_go(session, step, now, "handed_back")
            handed_back += 1
            about = {"job_id": job.public_id, "correlation_id": job.correlation_id}
            log.info("step_handed_back", step=step.name, worker=worker, **about)
    return handed_back


def workers_with(database: Database, pid_space: str | None, pids: Collection[int]) -> list[str]:
    """The names of the workers whose processes have these pids; none where nobody says whose pids they are."""
    if pid_space is None:
        return []
    with database.read() as session:
        return list(session.scalars(select(Worker.name).where(Worker.pid_space == pid_space, Worker.pid.in_(pids))))
