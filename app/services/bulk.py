"""Act on many jobs at once: first how many a filter finds, then, with that number confirmed, the act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.audit_actions import ALL_JOBS, AuditAction
from app.domain.descent import REPEATS, Relation
from app.domain.errors import Conflict, InvalidInput, RequestError
from app.domain.states import TERMINAL_JOB_STATUSES, JobKind, JobStatus
from app.models import Job
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.dispatch import call_ready
from app.services.farm import Farm
from app.services.job_lists import accepted_between
from app.services.job_log import end_job, lock_job
from app.services.open_job import Origin
from app.services.quotas import check_job_quotas
from app.services.repeat_job import repeat
from app.services.webhook_messages import tell_of_new_job
from app.services.webhook_of_budgets import tell_of_refusal_in

# So many jobs at most in one request: it stays short, and a mistake small.
MOST_JOBS = 500
# A job is locked with all its steps; a few at a time keep the transaction short.
STOPPED_AT_ONCE = 50
LIVE = tuple(status for status in JobStatus if status not in TERMINAL_JOB_STATUSES)


@dataclass(frozen=True)
class JobFilter:
    """All that is given must hold. Times are epoch seconds, `created_after` included and `created_before` not."""

    statuses: tuple[JobStatus, ...] | None = None
    kind: str | None = None
    created_before: float | None = None
    created_after: float | None = None
    ids: tuple[str, ...] | None = None


class Done(StrEnum):
    CANCELED = "canceled"  # it was live, and is canceled now
    RETRIED = "retried"  # a new job tries it again
    SKIPPED = "skipped"  # it had changed meanwhile, or cannot be done any more: the message says which


@dataclass(frozen=True)
class BulkResult:
    """What was done with one job; `new_id` is the job that retries it."""

    id: str
    done: Done
    new_id: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class BulkReport:
    """`count` jobs were found; `capped` when they are more than one request acts on. `results` None: only counted."""

    count: int
    capped: bool
    results: tuple[BulkResult, ...] | None


@dataclass(frozen=True)
class Told:
    """What the audit log says of the whole request."""

    asking: Asking
    action: AuditAction
    wanted: JobFilter

    def note(self, session: Session, *, found: int, most: int) -> None:
        """`found` by the filter and confirmed, of which the request acts on `most`."""
        given = {name: value for name, value in asdict(self.wanted).items() if value is not None}
        note(session, self.asking, self.action, ALL_JOBS, after={"filter": given, "found": found, "acts_on": most})


def bulk_cancel(database: Database, asking: Asking, wanted: JobFilter, confirm: int | None) -> BulkReport:
    """Cancel the live jobs that the filter finds, the oldest first. Conflict when they are not `confirm` any more."""

    def cancel(session: Session, job: Job, now: float) -> BulkResult:
        if JobStatus(job.status).is_terminal:
            return BulkResult(job.public_id, Done.SKIPPED, message=f"It has {job.status} meanwhile.")
        end_job(session, job, JobStatus.CANCELED, now, asked_by=asking.correlation_id)
        return BulkResult(job.public_id, Done.CANCELED)

    conditions = _conditions(asking.org_id, wanted, LIVE, LIVE)
    return _act(database, conditions, confirm, cancel, Told(asking, AuditAction.JOBS_CANCELED, wanted))


def bulk_retry(farm: Farm, asking: Asking, wanted: JobFilter, confirm: int | None) -> BulkReport:
    """Retry the failed (or, if asked for, canceled) jobs that the filter finds and nobody has retried yet."""
    not_repeated = ~_is_repeated()
    possible = (JobStatus.FAILED, JobStatus.CANCELED)
    conditions = [*_conditions(asking.org_id, wanted, possible, (JobStatus.FAILED,)), not_repeated]

    farm.room.check()

    def retry(session: Session, job: Job, now: float) -> BulkResult:
        # Asked again under the job's lock: two of these requests at once retry each job once.
        if not session.scalar(select(not_repeated).where(Job.id == job.id)):
            return BulkResult(job.public_id, Done.SKIPPED, message="It has been retried meanwhile.")
        try:
            # Taken back by itself when it goes beyond a quota.
            with session.begin_nested():
                child = repeat(session, farm, Origin(job, Relation.RETRY), asking, now)
                if check_job_quotas(session, farm.quotas, child, now):
                    tell_of_new_job(session, child, now)
        except RequestError as error:
            tell_of_refusal_in(session, asking.org_id, error, now)
            return BulkResult(job.public_id, Done.SKIPPED, message=error.message)
        return BulkResult(job.public_id, Done.RETRIED, new_id=child.public_id)

    report = _act(farm.database, conditions, confirm, retry, Told(asking, AuditAction.JOBS_RETRIED, wanted))
    if report.results:
        call_ready(farm)
    return report


def force_stop_all(database: Database, asking: Asking, reason: str) -> int:
    """Cancel every job of the org that is live now; how many. The reason stands in each one's last event."""
    with database.read() as session:
        live = session.scalars(
            select(Job.id).where(Job.org_id == asking.org_id, Job.status.in_(LIVE)).order_by(Job.id)
        ).all()
    stopped = 0
    for start in range(0, len(live), STOPPED_AT_ONCE):
        with database.begin() as session:
            # Locked in the order of their ids, as by everyone who locks several.
            for job_id in live[start : start + STOPPED_AT_ONCE]:
                job = lock_job(session, job_id)
                if JobStatus(job.status).is_terminal:
                    continue
                now = database_now_s(session)
                end_job(session, job, JobStatus.CANCELED, now, reason=reason, asked_by=asking.correlation_id)
                if not stopped:
                    # With the first of them, so that none is ever stopped without it.
                    after = {"reason": reason, "live": len(live)}
                    note(session, asking, AuditAction.JOBS_FORCE_STOPPED, ALL_JOBS, after=after)
                stopped += 1
    return stopped


def _conditions(
    org_id: int, wanted: JobFilter, possible: tuple[JobStatus, ...], usual: tuple[JobStatus, ...]
) -> list[ColumnElement[bool]]:
    """The filter as SQL. InvalidInput when it is empty, or asks for statuses with which the act makes no sense."""
    if wanted == JobFilter():
        raise InvalidInput("filter", "An empty filter would mean every job. Give at least one condition.")
    statuses = wanted.statuses or usual
    for index, status in enumerate(statuses):
        if status not in possible:
            names = ", ".join(possible)
            raise InvalidInput(f"filter.status.{index}", f"This acts on jobs that are {names}.")
    conditions = [Job.org_id == org_id, Job.status.in_(statuses), Job.kind != JobKind.CANARY]
    if wanted.kind is not None:
        conditions.append(Job.kind == wanted.kind)
    conditions += accepted_between(wanted.created_after, wanted.created_before)
    if wanted.ids is not None:
        conditions.append(Job.public_id.in_(wanted.ids))
    return conditions


def _is_repeated() -> ColumnElement[bool]:
    child = aliased(Job)
    return exists().where(child.parent_id == Job.id, child.relation.in_(REPEATS))


def _act(
    database: Database,
    conditions: list[ColumnElement[bool]],
    confirm: int | None,
    act: Callable[[Session, Job, float], BulkResult],
    told: Told,
) -> BulkReport:
    with database.read() as session:
        count = session.scalar(select(func.count()).select_from(Job).where(*conditions)) or 0
        found = session.scalars(select(Job.id).where(*conditions).order_by(Job.id).limit(MOST_JOBS)).all()
    if confirm is None:
        return BulkReport(count, count > MOST_JOBS, None)
    if confirm != count:
        raise Conflict(f"The filter finds {count} jobs now, not {confirm}. Look again, and confirm that.", count=count)
    results: list[BulkResult] = []
    is_told = False
    # A transaction each: one job's lock is never held while waiting for another's.
    for job_id in found:
        with database.begin() as session:
            results.append(act(session, lock_job(session, job_id), database_now_s(session)))
            if not is_told and results[-1].done != Done.SKIPPED:
                # With the first change, so that there is none without it; each job's timeline names the request.
                told.note(session, found=count, most=len(found))
                is_told = True
    return BulkReport(count, count > MOST_JOBS, tuple(results))
