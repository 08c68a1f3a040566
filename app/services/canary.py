"""The canary: a tiny video that the farm asks of itself, to prove that work goes all the way through.

Workers can look well and have stopped consuming; only a job that comes out at the end says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import select, text

from app.domain.fair_share import HIGHEST_PRIORITY
from app.domain.ids import new_id
from app.domain.states import JobKind, JobStatus
from app.domain.video import VideoInput
from app.models import Job
from app.models.database import database_now_s
from app.models.job import IS_CANARY
from app.services.api_keys import farms_own_org
from app.services.asking import Asking
from app.services.dispatch import dispatch_now_or_later
from app.services.farm import Farm
from app.services.open_job import open_video_job
from app.services.schedules import claim_tick

log = structlog.get_logger()

SCHEDULE = "canary"
SIDE_PX = 64


@dataclass(frozen=True)
class CanaryView:
    """Times in epoch seconds, None for what has not been yet. `every_s` is 0 when no canary is sent."""

    every_s: float
    last_started_at: float | None
    last_success_at: float | None
    last_duration_s: float | None
    last_failure_at: float | None
    last_failure: str | None


def send_canary(farm: Farm) -> str | None:
    """Start a canary if a tick is due, unless the one before still flies; its job's public id.

    Tick and job are one transaction: however many dispatchers there are, and wherever one dies, a tick makes one job.
    """
    if not farm.canary_every_s:
        return None
    with farm.database.begin() as session:
        now = database_now_s(session)
        tick = claim_tick(session, SCHEDULE, farm.canary_every_s, now)
        if tick is None:
            return None
        flies = session.scalar(
            select(Job).where(text(IS_CANARY), Job.finished_at.is_(None)).order_by(Job.id.desc()).limit(1)
        )
        if flies is not None:
            log.warning("canary_late", job_id=flies.public_id, correlation_id=flies.correlation_id)
            return None
        # Another number each time, so that no step adopts what an earlier canary has made.
        word = VideoInput(text=f"Canary{tick}", width_px=SIDE_PX, height_px=SIDE_PX, seed=tick % 2**32)
        job_id = open_video_job(
            session,
            farm.pools,
            asking=Asking(farms_own_org(session, now), new_id("req")),
            video=word,
            labels={},
            priority=HIGHEST_PRIORITY,
            now=now,
            kind=JobKind.CANARY,
        ).public_id
    dispatch_now_or_later(farm.database, farm.bell, farm.limits)
    return job_id


def view_canary(farm: Farm) -> CanaryView:
    """How the last canaries fared."""
    latest = select(Job).where(text(IS_CANARY)).order_by(Job.id.desc()).limit(1)
    with farm.database.read() as session:
        last = session.scalars(latest).first()
        success = session.scalars(latest.where(Job.status == JobStatus.SUCCEEDED)).first()
        failure = session.scalars(latest.where(Job.status == JobStatus.FAILED)).first()
    return CanaryView(
        every_s=farm.canary_every_s,
        last_started_at=None if last is None else last.created_at,
        last_success_at=None if success is None else success.finished_at,
        last_duration_s=_duration_s(success),
        last_failure_at=None if failure is None else failure.finished_at,
        last_failure=None if failure is None else f"{failure.error_code}: {failure.error_message}",
    )


def _duration_s(job: Job | None) -> float | None:
    return None if job is None or job.finished_at is None else round(job.finished_at - job.created_at, 3)
