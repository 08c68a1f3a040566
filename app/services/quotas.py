"""Hold an organisation to its quotas, in the transaction that would go beyond them."""

from __future__ import annotations

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.domain.quotas import NO_QUOTAS, Quotas, Usage, check_job, check_upload, day_began_s
from app.domain.states import JobKind, JobStatus
from app.models import Asset, Job, Org, OrgLimits, OrgStorage
from app.models.job import IS_LIVE

CAME_TO_NOTHING = (JobStatus.FAILED, JobStatus.CANCELED)


def check_job_quotas(session: Session, farm_quotas: Quotas, job: Job, now: float) -> None:
    """QuotaExceeded when this job, stored in this very transaction, is more than its organisation may have.

    The organisation's row is locked until the end: of two jobs at once the second one sees the first. It is locked
    after every other lock, so that nobody who holds it waits for one.
    """
    quotas, stored_bytes = _lock_org(session, farm_quotas, job.org_id)
    if quotas == NO_QUOTAS:
        return
    own_s = job.video_s or 0.0
    jobs, video_s = session.execute(_jobs_and_seconds(job.org_id, now)).one()
    check_job(quotas, Usage(jobs - 1, max(0.0, video_s - own_s), stored_bytes), own_s, now)


def check_upload_quota(session: Session, farm_quotas: Quotas, org_id: int, size_bytes: int) -> None:
    """QuotaExceeded when storage has no room for a file of this size; the organisation's row stays locked."""
    quotas, _ = _lock_org(session, farm_quotas, org_id)
    if quotas.storage_bytes is not None:
        check_upload(quotas, stored_bytes(session, org_id), size_bytes)


def quotas_of(session: Session, farm_quotas: Quotas, org_id: int) -> Quotas:
    """What the organisation may have: its own limits, else the farm's."""
    row = session.get(OrgLimits, org_id)
    if row is None:
        return farm_quotas
    return farm_quotas.overridden(Quotas(row.jobs_at_once, row.minutes_a_day, row.storage_bytes))


def usage_of(session: Session, org_id: int, now: float) -> Usage:
    jobs, video_s = session.execute(_jobs_and_seconds(org_id, now)).one()
    return Usage(jobs, video_s, stored_bytes(session, org_id))


def stored_bytes(session: Session, org_id: int) -> int:
    """As last counted, and what has been uploaded since: an upload counts at once, what a job makes within minutes."""
    counted = session.get(OrgStorage, org_id)
    since = Asset.created_at > (0.0 if counted is None else counted.counted_at)
    uploaded = session.scalar(select(func.coalesce(func.sum(Asset.size_bytes), 0)).where(Asset.org_id == org_id, since))
    return int(uploaded or 0) + (0 if counted is None else counted.size_bytes)


def _lock_org(session: Session, farm_quotas: Quotas, org_id: int) -> tuple[Quotas, int]:
    """The quotas, and the stored bytes as last counted. A statement of its own: what follows sees the latest state."""
    columns = (OrgLimits.jobs_at_once, OrgLimits.minutes_a_day, OrgLimits.storage_bytes, OrgStorage.size_bytes)
    jobs_at_once, minutes_a_day, storage_bytes, counted_bytes = session.execute(
        select(*columns)
        .select_from(Org)
        .outerjoin(OrgLimits, OrgLimits.org_id == Org.id)
        .outerjoin(OrgStorage, OrgStorage.org_id == Org.id)
        .where(Org.id == org_id)
        # Against each other only: whoever stores a row of this organisation need not wait.
        .with_for_update(of=Org, key_share=True)
    ).one()
    return farm_quotas.overridden(Quotas(jobs_at_once, minutes_a_day, storage_bytes)), counted_bytes or 0


def _jobs_and_seconds(org_id: int, now: float) -> Select[tuple[int, float]]:
    """The farm's own canaries are nobody's. A job whose length nobody knows counts as none."""
    of_org = (Job.org_id == org_id, Job.kind != JobKind.CANARY)
    live = select(func.count()).select_from(Job).where(*of_org, text(IS_LIVE)).scalar_subquery()
    today = (Job.created_at >= day_began_s(now), Job.status.not_in(CAME_TO_NOTHING))
    video_s = select(func.coalesce(func.sum(Job.video_s), 0.0)).where(*of_org, *today).scalar_subquery()
    return select(live, video_s)
