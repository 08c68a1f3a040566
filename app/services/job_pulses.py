"""What many followers of jobs must know to look at nothing that has not changed: one question for all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select

from app.domain.states import JobStatus, StepStatus
from app.models import Job, Step
from app.models.database import Database
from app.services.job_facts import read_places


@dataclass(frozen=True)
class Pulse:
    """A job with the same pulse as before looks as it did, but for what time alone changes (`eta_seconds`).

    `last_seq` is its newest event, `work` what its running steps have done of theirs, `place` its place in the queue.
    """

    last_seq: int
    work: float
    place: int | None = None


def read_pulses(database: Database, public_ids: Collection[str]) -> dict[str, Pulse]:
    """The pulses of those of the jobs that are there."""
    done = func.coalesce(func.sum(Step.progress * Step.weight), 0.0)
    work = select(done).where(Step.job_id == Job.id, Step.status == StepStatus.RUNNING).scalar_subquery()
    with database.read() as session:
        rows = session.execute(
            select(Job.id, Job.public_id, Job.status, Job.last_seq, work).where(Job.public_id.in_(public_ids))
        ).all()
        queued = [job_id for job_id, _, status, _, _ in rows if status == JobStatus.QUEUED]
        places = read_places(session, queued)
    return {public_id: Pulse(last_seq, work, places.get(job_id)) for job_id, public_id, _, last_seq, work in rows}
