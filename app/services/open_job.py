"""Open a job: its row, its first step and its first event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.descent import Relation, Wish, wish_of_child
from app.domain.ids import new_id
from app.domain.plan import VideoPools, plan_script
from app.domain.states import JobKind, JobStatus
from app.domain.video import VideoInput
from app.models import Job
from app.models.database import violates
from app.models.job import LIVE_SUBJECT
from app.services.asking import Asking
from app.services.family import next_revision, root_of
from app.services.graph import add_steps, work_in
from app.services.job_log import append_events
from app.services.single_flight import refuse_live_subject


@dataclass(frozen=True)
class Origin:
    """Where a job comes from, and what of it is asked for anew (see `app.domain.descent`)."""

    parent: Job
    relation: Relation
    fresh_from: str | None = None

    @property
    def wish(self) -> Wish:
        return wish_of_child(self.fresh_from, JobStatus(self.parent.status), self.parent.fresh_from)


OPEN_JOB = insert(Job).returning(Job.id)


def open_video_job(
    session: Session,
    pools: VideoPools,
    *,
    asking: Asking,
    video: VideoInput,
    labels: Mapping[str, Any],
    priority: int,
    now: float,
    origin: Origin | None = None,
    subject_id: str | None = None,
    video_s: float | None = None,
    webhook_endpoint_id: int | None = None,
    kind: JobKind = JobKind.VIDEO,
) -> Job:
    """A queued job whose script can be called. A revision has its family locked (`lock_family`).

    `video_s` is how long the video will be, as far as that is known; the parent's where nothing else is said. One that
    is made from another has that one's subject and webhook. GenerationInProgress while a job of the subject is live.
    The object is no part of the session: it says what has been stored, and a change of it changes nothing.
    """
    wish = Wish(None) if origin is None else origin.wish
    plans = plan_script(video, pools)
    values: dict[str, Any] = {
        "public_id": new_id("vid"),
        "org_id": asking.org_id,
        "kind": kind,
        "status": JobStatus.QUEUED,
        "priority": priority,
        "input": video.to_json(),
        "title": video.title,
        "labels": dict(labels),
        "correlation_id": asking.correlation_id,
        "video_s": video_s if origin is None or video_s is not None else origin.parent.video_s,
        "subject_id": subject_id if origin is None else origin.parent.subject_id,
        "webhook_endpoint_id": webhook_endpoint_id if origin is None else origin.parent.webhook_endpoint_id,
        "key_id": asking.key_id,
        "user_id": asking.user_id,
        "parent_id": None if origin is None else origin.parent.id,
        "root_id": None if origin is None else root_of(origin.parent),
        "relation": None if origin is None else origin.relation,
        "revision": 1 if origin is None else _revision(session, origin),
        "fresh_from": wish.fresh_from,
        "inherits_wish": wish.inherited,
        "open_steps": len(plans),
        "work_total": work_in(plans),
        "work_done": 0,
        "last_seq": 1,
        "created_at": now,
        "updated_at": now,
    }
    # As it comes to stand with all that is about to be added, so that its row is written once.
    job = Job(**values, id=_insert(session, values))
    add_steps(session, job, plans, now)
    made_from = {} if origin is None else {"parent": origin.parent.public_id, "relation": origin.relation.value}
    append_events(session, job.id, 0, now, [(f"{kind}.queued", made_from)])
    return job


def _insert(session: Session, values: Mapping[str, Any]) -> int:
    """The id of the job's row. Of two at once with one subject the second waits here for the first's commit."""
    if values["subject_id"] is None:
        return session.connection().execute(OPEN_JOB, values).scalar_one()
    refuse_live_subject(session, values["org_id"], values["subject_id"])
    try:
        # What follows a refusal, another look or the next job of a bulk, needs the transaction whole.
        with session.begin_nested():
            return session.connection().execute(OPEN_JOB, values).scalar_one()
    except IntegrityError as error:
        if not violates(error, LIVE_SUBJECT):
            raise
        # Unless the other has ended between the two looks.
        return _insert(session, values)


def _revision(session: Session, origin: Origin) -> int:
    if origin.relation is Relation.REVISION:
        return next_revision(session, origin.parent)
    return origin.parent.revision
