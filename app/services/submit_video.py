"""Accept a request for a video: job, first step, first event and idempotency record in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput, ProviderNotConfigured
from app.domain.ids import new_id
from app.domain.plan import plan_script
from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.models import Asset, IdempotencyRecord, Job
from app.models.database import database_now_s
from app.providers.own_text import script_from_scenes, script_from_text
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.graph import grow
from app.services.job_log import record
from app.services.job_views import JobView, view_job

ROUTE = "POST /api/videos"
IDEMPOTENCY_KEPT_S = 24 * 3600.0
DEFAULT_PRIORITY = 3


@dataclass(frozen=True)
class Submission:
    """Who asks for what. `fingerprint` is a SHA-256 of the request's body, compared when its key comes again."""

    org_id: int
    video: VideoInput
    correlation_id: str
    labels: Mapping[str, Any]
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class Accepted:
    """`job` is as it is now; `replayed` when the same key had been answered before."""

    job: JobView
    replayed: bool


def submit_video(farm: Farm, submission: Submission) -> Accepted:
    """Store the job and ring for its first step. RequestError, with nothing stored, when it cannot be done.

    If the broker is away the answer is the same: the dispatcher will ring.
    """
    check_video(farm, submission.video)
    try:
        accepted = _store(farm, submission)
    except IntegrityError:
        # Two requests with one key arrived together and the other was first: it is committed now, so answer from it.
        accepted = _store(farm, submission)
    if not accepted.replayed:
        dispatch(farm.database, farm.bell)
    return accepted


def check_video(farm: Farm, video: VideoInput) -> None:
    """Everything that can be known to be wrong before the job is accepted."""
    if sum(given is not None for given in (video.text, video.scenes, video.prompt)) != 1:
        raise InvalidInput("text", "Give exactly one of text, scenes and prompt.")
    farm.voice.check(video.language, video.voice)
    if video.prompt is not None:
        if not video.prompt.strip():
            raise InvalidInput("prompt", "The prompt is empty.")
        if farm.writer is None:
            raise ProviderNotConfigured(
                "A prompt needs a language model and none is configured. "
                "Set OPENAI_API_KEY (and OPENAI_BASE_URL for a compatible server of your own), or send text or scenes.",
                settings=["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"],
            )
    elif video.text is not None:
        script_from_text(video.text)
    elif video.scenes is not None:
        script_from_scenes(video.scenes)


def _store(farm: Farm, submission: Submission) -> Accepted:
    with farm.database.begin() as session:
        now = database_now_s(session)
        if submission.idempotency_key is not None:
            answered = _answered(session, submission, now)
            if answered is not None:
                return Accepted(view_job(session, answered, now), replayed=True)
        video = replace(submission.video, assets=_resolve_assets(session, submission))
        job = Job(
            public_id=new_id("vid"),
            org_id=submission.org_id,
            kind="video",
            status=JobStatus.QUEUED,
            priority=DEFAULT_PRIORITY,
            input=video.to_json(),
            title=video.title,
            labels=dict(submission.labels),
            correlation_id=submission.correlation_id,
            open_steps=0,
            work_total=0,
            work_done=0,
            last_seq=0,
            created_at=now,
            updated_at=now,
        )
        session.add(job)
        session.flush()
        grow(session, job, plan_script(farm.pools), now)
        record(session, job, "video.queued", now)
        if submission.idempotency_key is not None:
            session.add(
                IdempotencyRecord(
                    org_id=submission.org_id,
                    route=ROUTE,
                    key=submission.idempotency_key,
                    fingerprint=submission.fingerprint,
                    answer={"job_id": job.public_id},
                    created_at=now,
                )
            )
        session.flush()
        return Accepted(view_job(session, job, now), replayed=False)


def _answered(session: Session, submission: Submission, now: float) -> Job | None:
    """The job that this key was given for before, if it still counts."""
    known = session.execute(
        select(IdempotencyRecord).where(
            IdempotencyRecord.org_id == submission.org_id,
            IdempotencyRecord.route == ROUTE,
            IdempotencyRecord.key == submission.idempotency_key,
        )
    ).scalar_one_or_none()
    if known is None:
        return None
    if known.created_at < now - IDEMPOTENCY_KEPT_S:
        session.delete(known)
        session.flush()
        return None
    if known.fingerprint != submission.fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key came with another request before. Use a new one.")
    return session.execute(select(Job).where(Job.public_id == known.answer["job_id"])).scalar_one()


class IdempotencyMismatch(Conflict):
    """The key came before with another body: 422 in the IETF's draft."""

    code = "IDEMPOTENCY_KEY_REUSED"


def _resolve_assets(session: Session, submission: Submission) -> dict[str, str]:
    """Each named asset's SHA-256; InvalidInput naming the field when it is not the org's or not of the right kind."""
    video = submission.video
    wanted = video.asset_ids
    if not wanted:
        return {}
    rows = session.execute(
        select(Asset.id, Asset.kind, Asset.sha256).where(Asset.org_id == submission.org_id, Asset.id.in_(wanted))
    )
    known = {asset_id: (kind, sha256) for asset_id, kind, sha256 in rows}
    uses: list[tuple[str, str | None, str]] = [
        (f"images.{index}", image, "image") for index, image in enumerate(video.images)
    ]
    uses += [(f"scenes.{index}.image", scene.image, "image") for index, scene in enumerate(video.scenes or ())]
    uses += [("music", video.music, "audio")]
    for field, asset_id, kind in uses:
        if asset_id is None:
            continue
        if asset_id not in known:
            raise InvalidInput(field, "There is no asset with this id. Upload it with POST /api/assets first.")
        if known[asset_id][0] != kind:
            raise InvalidInput(field, f"This asset is not an {kind} file.")
    return {asset_id: sha256 for asset_id, (_, sha256) in known.items()}
