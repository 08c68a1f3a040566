"""Stop a job for good. Its running steps notice at their next heartbeat and end what they started."""

from __future__ import annotations

from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict
from app.domain.states import JobStatus
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.job_log import end_job, lock_job
from app.services.job_views import JobView, find_job, view_job


def cancel_job(database: Database, asking: Asking, public_id: str) -> JobView:
    """The canceled job. Canceling it again changes nothing; Conflict when it has succeeded or failed already."""
    with database.begin() as session:
        job = lock_job(session, find_job(session, asking.org_id, public_id).id)
        status = JobStatus(job.status)
        now = database_now_s(session)
        if status in (JobStatus.SUCCEEDED, JobStatus.FAILED):
            raise Conflict(f"The job has {status.value} already and cannot be canceled.", status=status.value)
        if status != JobStatus.CANCELED:
            end_job(session, job, JobStatus.CANCELED, now, asked_by=asking.correlation_id)
            after = {"status": JobStatus.CANCELED}
            note(session, asking, AuditAction.JOB_CANCELED, public_id, before={"status": status}, after=after)
        return view_job(session, job, now)
