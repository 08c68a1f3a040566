"""Hold an organisation to its quotas, in the transaction that would go beyond them."""

from __future__ import annotations

from sqlalchemy import Double, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from app.domain.quotas import (
    NO_QUOTAS,
    Quotas,
    Usage,
    check_job,
    check_upload,
    day_began_s,
    has_room,
    is_mostly_used,
)
from app.domain.states import JobKind, JobStatus
from app.models import Asset, Job, Org, OrgLimits, OrgStorage, OrgUsage, RemovedAsset, WebhookEndpoint
from app.models.job import IS_LIVE
from app.services.webhook_messages import HAS_LISTENERS
from app.services.webhook_of_budgets import warn_of_budget, was_warned_today

CAME_TO_NOTHING = (JobStatus.FAILED, JobStatus.CANCELED)
# What an organisation uses is added up anew when it seems too much, and this often: an estimate of a video's length
# may have been too low.
COUNTED_ANEW_AFTER_S = 60.0

# Built once: every request that makes a job runs it.
OF_ORG = OrgLimits.org_id == bindparam("org")
COUNT_IN = (
    update(OrgUsage)
    .where(OrgUsage.org_id == bindparam("org"))
    .values(jobs=OrgUsage.jobs + 1, video_s=OrgUsage.video_s + bindparam("own_s", type_=Double))
    .returning(
        OrgUsage.jobs,
        OrgUsage.video_s,
        OrgUsage.counted_at,
        select(OrgLimits.jobs_at_once).where(OF_ORG).scalar_subquery(),
        select(OrgLimits.minutes_a_day).where(OF_ORG).scalar_subquery(),
        select(OrgLimits.storage_bytes).where(OF_ORG).scalar_subquery(),
        select(OrgStorage.size_bytes).where(OrgStorage.org_id == bindparam("org")).scalar_subquery(),
        HAS_LISTENERS,
    )
)
COUNTED = (
    update(OrgUsage)
    .where(OrgUsage.org_id == bindparam("org"))
    .values(
        jobs=bindparam("live"), video_s=bindparam("today_s", type_=Double), counted_at=bindparam("at", type_=Double)
    )
)
# The farm's own canaries are nobody's. A job whose length nobody knows counts as none.
_COUNTS = (Job.org_id == bindparam("org"), Job.kind != JobKind.CANARY)
_TODAY = (Job.created_at >= bindparam("day_began", type_=Double), Job.status.not_in(CAME_TO_NOTHING))
ADD_UP = select(
    select(func.count()).select_from(Job).where(*_COUNTS, text(IS_LIVE)).scalar_subquery(),
    select(func.coalesce(func.sum(Job.video_s), 0.0)).where(*_COUNTS, *_TODAY).scalar_subquery(),
)


def check_job_quotas(session: Session, farm_quotas: Quotas, job: Job, now: float) -> bool:
    """Whether anybody is to be told of the job, which is read along; QuotaExceeded when it is more than it may have.

    The job was stored in this very transaction.

    The organisation's usage is locked until the end: of two jobs at once the second one sees the first. It is locked
    after every other lock, so that nobody who holds it waits for one, and holds up the organisation's other requests
    for no longer than a commit takes.
    """
    connection, own_s = session.connection(), job.video_s or 0.0
    asked = {"org": job.org_id, "own_s": own_s}
    counted = connection.execute(COUNT_IN, asked).one_or_none()
    if counted is None:
        _begin_counting(session, job.org_id)
        counted = connection.execute(COUNT_IN, asked).one()
    jobs, video_s, counted_at, *limits, counted_bytes, has_listeners = counted
    is_told = bool(has_listeners) or job.webhook_endpoint_id is not None
    quotas = farm_quotas.overridden(Quotas(*limits))
    if quotas == NO_QUOTAS:
        return is_told
    usage = Usage(jobs - 1, video_s - own_s, counted_bytes or 0)
    may_warn = has_listeners and is_mostly_used(quotas, video_s) and not was_warned_today(session, job.org_id, now)
    if now - counted_at < COUNTED_ANEW_AFTER_S and has_room(quotas, usage, own_s) and not may_warn:
        return is_told
    # Jobs have ended since, or videos turned out longer than estimated. Only now it is worth adding them up.
    jobs, video_s = _jobs_and_seconds(session, job.org_id, now)
    connection.execute(COUNTED, {"org": job.org_id, "live": jobs, "today_s": video_s, "at": now})
    check_job(quotas, Usage(jobs - 1, max(0.0, video_s - own_s), counted_bytes or 0), own_s, now)
    if may_warn and quotas.minutes_a_day is not None and is_mostly_used(quotas, video_s):
        warn_of_budget(session, job.org_id, video_s, quotas.minutes_a_day, now)
    return is_told


def check_upload_quota(session: Session, farm_quotas: Quotas, org_id: int, size_bytes: int) -> None:
    """QuotaExceeded when storage has no room for a file of this size; the organisation's row stays locked."""
    _lock_org(session, org_id)
    quotas = quotas_of(session, farm_quotas, org_id)
    if quotas.storage_bytes is not None:
        check_upload(quotas, stored_bytes(session, org_id), size_bytes)


def quotas_of(session: Session, farm_quotas: Quotas, org_id: int) -> Quotas:
    """What the organisation may have: its own limits, else the farm's."""
    row = session.get(OrgLimits, org_id)
    if row is None:
        return farm_quotas
    return farm_quotas.overridden(Quotas(row.jobs_at_once, row.minutes_a_day, row.storage_bytes))


def usage_of(session: Session, org_id: int, now: float) -> Usage:
    jobs, video_s = _jobs_and_seconds(session, org_id, now)
    return Usage(jobs, video_s, stored_bytes(session, org_id), count_endpoints(session, org_id))


def count_endpoints(session: Session, org_id: int) -> int:
    """Those that were made as such: one that a `webhook_url` brought is no choice of the organisation's people."""
    counted = select(func.count()).where(
        WebhookEndpoint.org_id == org_id, WebhookEndpoint.deleted_at.is_(None), WebhookEndpoint.is_for_jobs.is_(False)
    )
    return session.execute(counted).scalar_one()


def stored_bytes(session: Session, org_id: int) -> int:
    """As last counted, and what has been uploaded since: an upload counts at once, what a job makes within minutes.

    One that was taken away again counts as well, for its bytes are there.
    """
    counted = session.get(OrgStorage, org_id)
    counted_at, counted_bytes = (0.0, 0) if counted is None else (counted.counted_at, counted.size_bytes)
    uploaded = [
        select(func.coalesce(func.sum(upload.size_bytes), 0))
        .where(upload.org_id == org_id, upload.created_at > counted_at)
        .scalar_subquery()
        for upload in (Asset, RemovedAsset)
    ]
    # In one statement: of an upload that is being taken away it sees one row of the two.
    return counted_bytes + sum(int(size_bytes) for size_bytes in session.execute(select(*uploaded)).one())


def _lock_org(session: Session, org_id: int) -> None:
    """A statement of its own: what follows sees the latest state."""
    # Against each other only: whoever stores a row of this organisation need not wait.
    session.execute(select(Org.id).where(Org.id == org_id).with_for_update(key_share=True))


def _begin_counting(session: Session, org_id: int) -> None:
    """Of two first jobs at once the second one waits here, and finds the first one's row."""
    _lock_org(session, org_id)
    if session.get(OrgUsage, org_id) is None:
        session.add(OrgUsage(org_id=org_id, jobs=0, video_s=0.0, counted_at=0.0))
        session.flush()


def _jobs_and_seconds(session: Session, org_id: int, now: float) -> tuple[int, float]:
    jobs, video_s = session.connection().execute(ADD_UP, {"org": org_id, "day_began": day_began_s(now)}).one()
    return jobs, video_s
