"""A worker says that it is there: its pool, its slots, its version, every few seconds."""

from __future__ import annotations

import os
import socket
import threading

import structlog
from sqlalchemy import delete

import app
from app.domain.states import Pool
from app.models import Worker
from app.models.database import Database, database_now_s

log = structlog.get_logger()

BEAT_EVERY_S = 5.0
# A row this old belongs to a worker that died without a word.
FORGET_AFTER_S = 600.0


class WorkerBeat:
    """Keeps the worker's row. Connects anew for each beat, so that no connection is there to be inherited by a fork."""

    def __init__(self, database_url: str, *, name: str, pool: Pool, slots: int) -> None:
        self._database = Database(database_url, pooled=False)
        self._name, self._pool, self._slots = name, pool, slots
        self._stopped = threading.Event()
        self._started_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="worker-beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take the row away: this worker will take nothing more."""
        self._stopped.set()
        self._thread.join(timeout=BEAT_EVERY_S)
        try:
            with self._database.begin() as session:
                session.execute(delete(Worker).where(Worker.name == self._name))
        except Exception as error:
            log.warning("worker_row_left", worker=self._name, reason=str(error).splitlines()[0])

    def _run(self) -> None:
        while True:
            try:
                self._beat()
            except Exception as error:
                log.warning("worker_beat_missed", worker=self._name, reason=str(error).splitlines()[0])
            if self._stopped.wait(BEAT_EVERY_S):
                return

    def _beat(self) -> None:
        with self._database.begin() as session:
            now = database_now_s(session)
            self._started_at = self._started_at or now
            session.merge(
                Worker(
                    name=self._name,
                    pool=self._pool,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    slots=self._slots,
                    version=app.__version__,
                    started_at=self._started_at,
                    beat_at=now,
                )
            )
            session.execute(delete(Worker).where(Worker.beat_at < now - FORGET_AFTER_S))
