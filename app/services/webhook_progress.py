"""`video.progress`, for the endpoints that ask for it: at most one each ten seconds for a job, and only if it got on.

No change of a job's state stands behind it, so it is no part of a step's transaction, which everybody would pay for.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from app.domain.states import JobKind, JobStatus
from app.domain.webhook_events import PROGRESS
from app.models import Job, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.models.webhook import IS_OWN
from app.services.job_log import lock_idle_job
from app.services.webhook_messages import tell_of_job

EVERY_S = 10.0
BATCH = 100


def tell_progress(database: Database) -> int:
    """One sweep over at most a batch of jobs; how many were told of. Any number of processes may do it at once."""
    with database.read() as session:
        orgs = _listening_orgs(session)
        job_ids = _due(session, database_now_s(session), Job.org_id.in_(orgs)) if orgs else []
    return sum(_tell(database, job_id) for job_id in job_ids)


def _listening_orgs(session: Session) -> list[int]:
    asked = select(WebhookEndpoint.org_id, WebhookEndpoint.event_types).where(
        text(IS_OWN),
        WebhookEndpoint.event_types.is_not(None),
        WebhookEndpoint.deleted_at.is_(None),
        WebhookEndpoint.disabled_at.is_(None),
    )
    rows = session.execute(asked).tuples()
    return sorted({org_id for org_id, event_types in rows if PROGRESS in (event_types or ())})


def _due(session: Session, now: float, *which: ColumnElement[bool]) -> Sequence[int]:
    """Running jobs that have got on since they were last told of, ten seconds ago or longer."""
    told_at = func.coalesce(
        select(func.max(WebhookMessage.created_at))
        .where(WebhookMessage.job_id == Job.id, WebhookMessage.type == PROGRESS)
        .correlate(Job)
        .scalar_subquery(),
        Job.started_at,
    )
    is_running = (Job.kind == JobKind.VIDEO, Job.status == JobStatus.RUNNING, Job.work_done > 0)
    has_got_on = (told_at <= now - EVERY_S, Job.updated_at > told_at)
    return session.scalars(select(Job.id).where(*which, *is_running, *has_got_on).order_by(Job.id).limit(BATCH)).all()


def _tell(database: Database, job_id: int) -> bool:
    with database.begin() as session:
        job = lock_idle_job(session, job_id)
        now = database_now_s(session)
        # Another process may have been first, and the job may have ended.
        if job is None or not _due(session, now, Job.id == job_id):
            return False
        tell_of_job(session, job, PROGRESS, now)
        return True
