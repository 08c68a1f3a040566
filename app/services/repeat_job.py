"""Do a job again, as a new job with the same input: from where it failed, from a step on, or from nothing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.descent import EVERYTHING, Relation, require_repeatable, wish_for
from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.models import Job, Step
from app.services.answer_once import Accepted, accept_once
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.check_video import check_providers
from app.services.farm import Farm
from app.services.job_views import find_job
from app.services.open_job import Origin, open_video_job


def retry_job(farm: Farm, asking: Asking, public_id: str, from_step: str | None = None) -> Accepted:
    """The new job. What the old one finished is adopted, except `from_step` and all that needs it.

    Conflict when the job has not ended, or has succeeded and no step is named; InvalidInput for an unknown step.
    """

    def make(session: Session, now: float) -> Job:
        parent = find_job(session, asking.org_id, public_id)
        require_repeatable(JobStatus(parent.status), Relation.RETRY, from_step)
        kinds = {} if from_step is None else _kinds_of_steps(session, parent)
        origin = Origin(parent, Relation.RETRY, wish_for(from_step, kinds))
        child = repeat(session, farm, origin, asking, now)
        after = {"job": child.public_id, "from_step": from_step}
        note(session, asking, AuditAction.JOB_RETRIED, public_id, before={"status": parent.status}, after=after)
        return child

    return accept_once(farm, asking, make)


def restart_job(farm: Farm, asking: Asking, public_id: str) -> Accepted:
    """The new job, in which nothing is adopted. Conflict when the old one has not ended."""

    def make(session: Session, now: float) -> Job:
        parent = find_job(session, asking.org_id, public_id)
        require_repeatable(JobStatus(parent.status), Relation.RESTART)
        child = repeat(session, farm, Origin(parent, Relation.RESTART, EVERYTHING), asking, now)
        after = {"job": child.public_id}
        note(session, asking, AuditAction.JOB_RESTARTED, public_id, before={"status": parent.status}, after=after)
        return child

    return accept_once(farm, asking, make)


def repeat(session: Session, farm: Farm, origin: Origin, asking: Asking, now: float) -> Job:
    """Open a job with the parent's input and labels; RequestError when the farm could not do it any more."""
    parent = origin.parent
    video = VideoInput.from_json(parent.input)
    check_providers(farm, video)
    return open_video_job(
        session,
        farm.pools,
        asking=asking,
        video=video,
        labels=parent.labels,
        priority=parent.priority,
        now=now,
        origin=origin,
    )


def _kinds_of_steps(session: Session, job: Job) -> dict[str, str]:
    return dict(session.execute(select(Step.name, Step.kind).where(Step.job_id == job.id)).tuples().all())
