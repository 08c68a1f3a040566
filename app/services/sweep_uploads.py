"""Give back the room of uploads that were taken away, once no job and no other upload needs their bytes.

A job can be retried, restarted and edited for ever, so bytes that its input names are kept for ever, and go on
counting for its organisation. Those that another one needs count for that one alone: nobody learns from what counts
whether somebody else has the same bytes.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Text, cast, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.models import Artifact, Asset, Job, RemovedAsset
from app.models.database import Database, database_now_s
from app.services.schedules import claim_tick
from app.storage.protocol import Storage

log = structlog.get_logger()

SCHEDULE = "sweep_uploads"
EVERY_S = 300.0
LOOKED_AT_ONCE = 100
LOOKED_AT_AGAIN_AFTER_S = 86_400.0
# Longer than it takes from bytes that are put in storage to the row that needs them, and from an upload that a request
# has looked up to the job that it makes: what began before the upload was taken away is over by then.
UNTOUCHED_FOR_S = 3600.0


def sweep_uploads_now_and_then(database: Database, storage: Storage) -> None:
    """Sweep if it is time, and nobody else does."""
    with database.begin() as session:
        tick = claim_tick(session, SCHEDULE, EVERY_S, database_now_s(session))
    if tick is not None:
        sweep_uploads(database, storage)


def sweep_uploads(database: Database, storage: Storage) -> int:
    """How many of the rows that it is time to look at have gone; TransientError when storage cannot be changed now."""
    with database.read() as session:
        now = database_now_s(session)
        due = session.scalars(
            select(RemovedAsset)
            .where(
                RemovedAsset.removed_at <= now - UNTOUCHED_FOR_S,
                or_(RemovedAsset.looked_at.is_(None), RemovedAsset.looked_at <= now - LOOKED_AT_AGAIN_AFTER_S),
            )
            .order_by(RemovedAsset.looked_at.asc().nulls_first(), RemovedAsset.removed_at)
            .limit(LOOKED_AT_ONCE)
        ).all()
    gone = 0
    for removed in due:
        # Noted first: one whose bytes cannot be removed must not keep the others waiting.
        with database.begin() as session:
            session.execute(update(RemovedAsset).where(RemovedAsset.id == removed.id).values(looked_at=now))
        gone += _let_go(database, storage, removed)
    if gone:
        log.info("removed_uploads_swept", uploads=gone)
    return gone


def _let_go(database: Database, storage: Storage, removed: RemovedAsset) -> bool:
    """Whether the row is gone; its bytes are as well unless somebody else has them."""
    # In a session that only reads: on SQLite it must not keep the writers waiting.
    with database.read() as session:
        if _is_needed_by_jobs(session, removed):
            return False
    with database.begin() as session:
        if _is_held_elsewhere(session, removed):
            _forget(session, removed)
            return True
    # Between the transactions: a disk that hangs must not hold the database.
    if not storage.remove(removed.sha256, UNTOUCHED_FOR_S):
        return False
    with database.begin() as session:
        _forget(session, removed)
    return True


def _is_needed_by_jobs(session: Session, removed: RemovedAsset) -> bool:
    named = cast(Job.input, Text).contains(removed.sha256)
    return bool(session.scalar(select(exists().where(Job.org_id == removed.org_id, named))))


def _is_held_elsewhere(session: Session, removed: RemovedAsset) -> bool:
    """Whether an upload, a step's output or another removed upload has the same bytes, in any organisation.

    Then they are its to keep or to let go. The last removed one removes them, so their rows are locked: of two sweeps
    that each saw the other's row, neither would.
    """
    # Uploads first: one that is taken away between the two statements is found by the second one.
    for holder in (Asset, Artifact):
        if session.scalar(select(exists().where(holder.sha256 == removed.sha256))):
            return True
    same = select(RemovedAsset.id).where(RemovedAsset.sha256 == removed.sha256).order_by(RemovedAsset.id)
    return any(other != removed.id for other in session.scalars(same.with_for_update()))


def _forget(session: Session, removed: RemovedAsset) -> None:
    session.execute(delete(RemovedAsset).where(RemovedAsset.id == removed.id))
