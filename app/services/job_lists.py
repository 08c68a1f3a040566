"""A page of an organisation's jobs, newest first, by keyset: what a page costs does not depend on how deep it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.states import JobKind, JobStatus
from app.models import Job
from app.models.database import Database
from app.services.job_facts import job_columns, read_facts
from app.services.job_views import JobView, view_of


@dataclass(frozen=True)
class JobPage:
    jobs: tuple[JobView, ...]
    has_more: bool


def list_jobs(
    database: Database,
    org_id: int,
    *,
    limit: int,
    starting_after: str | None = None,
    ending_before: str | None = None,
    statuses: Sequence[JobStatus] = (),
) -> JobPage:
    """A page, newest first, by keyset. A cursor that is not one of the org's jobs is InvalidInput."""
    with database.read() as session:
        query = job_columns().where(Job.org_id == org_id, Job.kind != JobKind.CANARY)
        if statuses:
            query = query.where(Job.status.in_(statuses))
        if starting_after is not None:
            query = query.where(Job.id < _cursor(session, org_id, "starting_after", starting_after))
        if ending_before is not None:
            query = query.where(Job.id > _cursor(session, org_id, "ending_before", ending_before))
        order = Job.id.desc() if ending_before is None else Job.id
        rows = session.connection().execute(query.order_by(order).limit(limit + 1)).all()
        jobs = rows[:limit] if ending_before is None else rows[:limit][::-1]
        facts = read_facts(session, jobs)
        return JobPage(tuple(view_of(job, facts, job.now) for job in jobs), has_more=len(rows) > limit)


def _cursor(session: Session, org_id: int, field: str, public_id: str) -> int:
    found = session.scalar(select(Job.id).where(Job.public_id == public_id, Job.org_id == org_id))
    if found is None:
        raise InvalidInput(field, "This cursor is not one of your jobs.")
    return found
