"""The workers as operators see them, and the order to one of them to take nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict, NotFound
from app.models import Step, Worker
from app.models.database import Database, database_now_s
from app.models.step import IS_LEASED
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.pool_rooms import WORKER_SEEN_WITHIN_S


@dataclass(frozen=True)
class WorkerView:
    """Times in epoch seconds. `is_alive`: heard of within the last half minute; `running`: the steps it is at.

    `encoder` has the name of what it makes clips with and why; None when it makes none.
    """

    name: str
    pool: str
    host: str
    pid: int
    slots: int
    running: int
    version: str
    started_at: float
    beat_at: float
    is_alive: bool
    draining_at: float | None
    encoder: dict[str, Any] | None


def view_workers(database: Database) -> tuple[WorkerView, ...]:
    """By pool and name."""
    with database.read() as session:
        workers = session.scalars(select(Worker).order_by(Worker.pool, Worker.name)).all()
        return tuple(_view(session, worker) for worker in workers)


def drain_worker(database: Database, asking: Asking, name: str) -> WorkerView:
    """Tell a worker to take nothing more, finish what it has, and end; it hears it at its next beat.

    NotFound for a name that nobody has; Conflict when the worker has not been heard of lately.
    """
    with database.begin() as session:
        worker = session.execute(select(Worker).where(Worker.name == name).with_for_update()).scalar_one_or_none()
        if worker is None:
            raise NotFound("There is no such worker.")
        now = database_now_s(session)
        if worker.beat_at <= now - WORKER_SEEN_WITHIN_S:
            raise Conflict("This worker has not been heard of lately, so it would not hear either.")
        if worker.draining_at is None:
            worker.draining_at = now
            note(
                session, asking, AuditAction.WORKER_DRAINED, name, before={"draining": False}, after={"draining": True}
            )
        session.flush()
        return _view(session, worker)


def _view(session: Session, worker: Worker) -> WorkerView:
    running = session.scalar(select(func.count()).select_from(Step).where(text(IS_LEASED), Step.worker == worker.name))
    return WorkerView(
        name=worker.name,
        pool=worker.pool,
        host=worker.host,
        pid=worker.pid,
        slots=worker.slots,
        running=running or 0,
        version=worker.version,
        started_at=worker.started_at,
        beat_at=worker.beat_at,
        is_alive=worker.beat_at > database_now_s(session) - WORKER_SEEN_WITHIN_S,
        draining_at=worker.draining_at,
        encoder=None if worker.encoder is None else {name: worker.encoder[name] for name in ("name", "why")},
    )
