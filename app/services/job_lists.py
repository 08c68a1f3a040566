"""A page of an organisation's jobs, newest first, by keyset: what a page costs does not depend on how deep it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_

from app.domain.states import JobKind, JobStatus
from app.models import Job
from app.models.database import Database
from app.services.job_facts import job_columns, read_facts
from app.services.job_views import JobView, view_of
from app.services.keyset import Cut, Page, cut_out, page_of, place_of

# A stored time may lie this much below the one that is shown for it, which the caller then sends back.
SHOWN_WITHIN_S = 1e-6


@dataclass(frozen=True)
class JobSearch:
    """All that is given must hold. Times are epoch seconds, `since` included and `until` not.

    `text` is a part of the title, the id or the subject, in whatever case.
    """

    statuses: tuple[JobStatus, ...] = ()
    kind: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None
    subject_id: str | None = None


EVERYTHING = JobSearch()
NEWEST_FIRST = (Job.id,)


def list_jobs(database: Database, org_id: int, cut: Cut, search: JobSearch = EVERYTHING) -> Page[JobView]:
    """A page of what the search finds. A cursor that is not one of the org's jobs is a RequestError."""
    with database.read() as session:
        query = job_columns().where(Job.org_id == org_id, Job.kind != JobKind.CANARY, *_conditions(search))
        place = place_of(
            session, NEWEST_FIRST, cut, lambda cursor: and_(Job.public_id == cursor, Job.org_id == org_id), "jobs"
        )
        page = page_of(session.connection().execute(cut_out(query, NEWEST_FIRST, cut, place)).all(), cut)
        facts = read_facts(session, page.items)
        return Page(tuple(view_of(job, facts, job.now) for job in page.items), page.has_more)


def accepted_between(since: float | None, until: float | None) -> Iterator[ColumnElement[bool]]:
    """Accepted at `since` or later, and before `until` (epoch seconds, as they are shown)."""
    if since is not None:
        yield Job.created_at >= since - SHOWN_WITHIN_S
    if until is not None:
        yield Job.created_at < until - SHOWN_WITHIN_S


def _conditions(search: JobSearch) -> Iterator[ColumnElement[bool]]:
    yield from accepted_between(search.since, search.until)
    if search.statuses:
        yield Job.status.in_(search.statuses)
    if search.kind is not None:
        yield Job.kind == search.kind
    if search.subject_id is not None:
        yield Job.subject_id == search.subject_id
    if search.text is not None:
        places = (Job.title, Job.public_id, Job.subject_id)
        yield or_(*(place.icontains(search.text, autoescape=True) for place in places))
