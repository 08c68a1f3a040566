"""What estimates are made from, read from the database and kept for a moment: what steps took, what is left to do.

Nobody is let in or kept out by it, so that it may be a few seconds old; each request would pay for it otherwise.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text, union_all
from sqlalchemy.orm import Session

from app.domain.estimate import DRAWN, DoneStep, Outlook, Told
from app.domain.plan import StepKind
from app.domain.scene_cuts import speech_s
from app.domain.sentences import tokens_of
from app.domain.states import JobStatus, StepStatus
from app.models import Job, Step, Worker
from app.models.database import now_s
from app.models.job import IS_LIVE
from app.models.step import IS_DONE_HERE
from app.services.pool_rooms import WORKER_SEEN_WITHIN_S

FRESH_FOR_S = 10.0
# Of each kind: enough for a median, and few enough to be today's.
LATEST = 25

RECENT = union_all(
    *(
        select(
            select(
                Step.kind,
                Step.pool,
                (Step.finished_at - Step.started_at).label("took_s"),
                Step.params,
                Step.facts,
                Step.finished_at,
            )
            .where(text(IS_DONE_HERE), Step.kind == kind)
            .order_by(Step.finished_at.desc())
            .limit(LATEST)
            .subquery()
        )
        for kind in StepKind.ALL
    )
)
SLOTS = (
    select(Worker.pool, func.sum(Worker.slots))
    .where(Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S, Worker.draining_at.is_(None))
    .group_by(Worker.pool)
)
UNDONE = (StepStatus.BLOCKED, StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING)
LEFT = (
    select(func.coalesce(Step.work_pool, Step.pool), Step.kind, func.count())
    .join(Job, Job.id == Step.job_id)
    .where(text(f"jobs.{IS_LIVE}"), Job.status != JobStatus.QUEUED, Step.status.in_(UNDONE))
    .group_by(func.coalesce(Step.work_pool, Step.pool), Step.kind)
)
QUEUED = select(func.count(), func.coalesce(func.sum(Job.video_s), 0.0)).where(Job.status == JobStatus.QUEUED)

# By the pool of connections, which an engine shares with the one that only reads.
_kept: weakref.WeakKeyDictionary[Any, tuple[float, Outlook]] = weakref.WeakKeyDictionary()


def outlook_of(session: Session) -> Outlook:
    """The farm as it is, or was a few seconds ago."""
    connections = session.get_bind().engine.pool
    read_at, outlook = _kept.get(connections, (0.0, None))
    now = time.monotonic()
    if outlook is None or now - read_at > FRESH_FOR_S:
        if outlook is not None:
            # The others go on with what there is while this one reads.
            _kept[connections] = (now, outlook)
        outlook = read_outlook(session)
        _kept[connections] = (now, outlook)
    return outlook


def read_outlook(session: Session) -> Outlook:
    """The farm as it is now."""
    connection = session.connection()
    rows = sorted(connection.execute(RECENT).all(), key=lambda row: row.finished_at, reverse=True)
    queued, queued_s = connection.execute(QUEUED).one()
    return Outlook(
        done=[DoneStep(row.kind, row.pool, row.took_s, _pixels(row.kind, row.params)) for row in rows],
        told=[_told(row.params, row.facts or {}) for row in rows if row.kind == StepKind.NARRATION],
        slots=dict(connection.execute(SLOTS).tuples().all()),
        left={(pool, kind): count for pool, kind, count in connection.execute(LEFT)},
        queued=queued,
        queued_s=queued_s,
    )


def _pixels(kind: str, params: Mapping[str, Any]) -> int:
    return int(params.get("width_px", 0) * params.get("height_px", 0)) if kind in DRAWN else 0


def _told(params: Mapping[str, Any], facts: Mapping[str, Any]) -> Told:
    guess_s = speech_s(tokens_of(params.get("text", "")))
    return Told(params.get("language", ""), facts.get("duration_s", 0.0) / guess_s if guess_s else 1.0)
