"""Accept a request for a video: job, first step, first event and idempotency record in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.dress import dress
from app.domain.errors import InvalidInput
from app.domain.estimate import video_seconds
from app.domain.fair_share import DEFAULT_PRIORITY
from app.domain.look import Brand
from app.domain.script import Script
from app.domain.video import VideoInput
from app.models import Job
from app.services.answer_once import Accepted, accept_once
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.brand_of import brand_of
from app.services.check_video import check_video
from app.services.farm import Farm
from app.services.named_assets import resolve_assets, uses_of
from app.services.open_job import open_video_job
from app.services.outlook import outlook_of
from app.services.webhook_of_jobs import check_webhook_url, endpoint_of_jobs


@dataclass(frozen=True)
class Submission:
    """What is asked for. `priority` is 1 to 5, 5 the most urgent; all the job's steps have it.

    `brand`: whether the organisation's kit is used; None: if it has one and the video has a template. `subject_id` is
    what the video is of; of one subject one job is live at a time. `webhook_url` is told what becomes of the job.
    """

    video: VideoInput
    labels: Mapping[str, Any]
    priority: int = DEFAULT_PRIORITY
    brand: bool | None = None
    subject_id: str | None = None
    webhook_url: str | None = None


def submit_video(farm: Farm, asking: Asking, submission: Submission) -> Accepted:
    """Store the job and ring for its first step. RequestError, with nothing stored, when it cannot be done;
    GenerationInProgress while another job of its subject is live.

    If the broker is away the answer is the same: the dispatcher will ring.
    """
    check_webhook_url(farm, submission.webhook_url)
    script = check_submission(farm, submission)

    def make(session: Session, now: float) -> Job:
        video = asked_video(session, asking.org_id, submission)
        job = open_video_job(
            session,
            farm.pools,
            asking=asking,
            video=video,
            video_s=None if script is None else video_seconds(script, video, outlook_of(session)),
            labels=submission.labels,
            priority=submission.priority,
            now=now,
            subject_id=submission.subject_id,
            webhook_endpoint_id=endpoint_of_jobs(session, farm.sealer, asking.org_id, submission.webhook_url, now),
        )
        note(session, asking, AuditAction.VIDEO_CREATED, job.public_id, after=_told(submission))
        return job

    return accept_once(farm, asking, make)


def _told(submission: Submission) -> dict[str, Any]:
    """What the audit log says of it: of what kind and size, not what it tells."""
    video = submission.video
    source = next(name for name in ("text", "scenes", "prompt") if getattr(video, name) is not None)
    size = {"width_px": video.width_px, "height_px": video.height_px}
    return {"source": source, **size, "priority": submission.priority}


def check_submission(farm: Farm, submission: Submission) -> Script | None:
    """The script, where the caller's own words are it. RequestError for all that is wrong whoever asks."""
    return check_video(farm, dress(submission.video))


def asked_video(session: Session, org_id: int, submission: Submission) -> VideoInput:
    """What is asked for, with the brand's look and the assets that it names. RequestError when they do not fit."""
    # Frozen here: a kit that is changed later changes no job that has been accepted, nor its retries.
    asked = dress(submission.video, _brand_for(session, org_id, submission))
    found = resolve_assets(session, org_id, uses_of(asked))
    return replace(asked, assets=found.assets, footage_s=found.footage_s or None)


def _brand_for(session: Session, org_id: int, submission: Submission) -> Brand | None:
    """The kit that this video is to show; InvalidInput when one is asked for that is not there."""
    if submission.brand is False or submission.video.template is None:
        return None
    brand = brand_of(session, org_id)
    if brand is None and submission.brand:
        raise InvalidInput("brand", "There is no brand kit. Make one with PUT /api/brand-kit first.")
    return brand
