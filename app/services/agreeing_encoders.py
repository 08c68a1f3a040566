"""Whether the farm's workers make clips that can be joined with each other's."""

from __future__ import annotations

from sqlalchemy import select

from app.domain.encoders import X264_UNTRIED, agree
from app.domain.states import Pool
from app.models import Worker
from app.models.database import Database, now_s
from app.services.pool_rooms import WORKER_SEEN_WITHIN_S

# Built once, as all statements of every job are.
RENDERING = select(Worker.encoder).where(
    Worker.pool == Pool.CPU, Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S, Worker.draining_at.is_(None)
)


def workers_agree(database: Database) -> bool:
    """True as well while none has been heard of: a farm of one command plans its job before its renderers are up."""
    with database.read() as session:
        found = session.scalars(RENDERING).all()
    # A worker of an earlier version says nothing, and has x264 alone.
    return agree((X264_UNTRIED.name, "") if row is None else (row["name"], row["fingerprint"]) for row in found)
