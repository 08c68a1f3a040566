"""A worker says that it is there: its pool, its slots, its version, every few seconds; and hears when it must go."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict

import structlog
from sqlalchemy import delete

import app
from app.domain.encoders import EncoderChoice
from app.domain.states import Pool
from app.models import Worker
from app.models.database import Database, database_now_s, first_line
from workers.pid_space import pid_space

log = structlog.get_logger()

BEAT_EVERY_S = 5.0
# A row this old belongs to a worker that died without a word.
FORGET_AFTER_S = 600.0


class WorkerBeat:
    """Keeps the worker's row. Connects anew for each beat, so that no connection is there to be inherited by a fork.

    `encoder` is what it makes clips with, None when it makes none. `on_drain` is called, once, when an operator has
    told the worker to go.
    """

    def __init__(
        self,
        database_url: str,
        *,
        name: str,
        pool: Pool,
        slots: int,
        encoder: EncoderChoice | None = None,
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = Database(database_url, pooled=False)
        self._name, self._pool, self._slots = name, pool, slots
        self._encoder = None if encoder is None else asdict(encoder)
        self._on_drain = on_drain
        self._draining = threading.Event()
        self._stopped, self._due = threading.Event(), threading.Event()
        self._started_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="worker-beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def drain(self) -> None:
        """Say, now, that this worker takes nothing more: its slots do not count from here on."""
        self._draining.set()
        self._due.set()

    def stop(self) -> None:
        """Take the row away: this worker is done."""
        self._stopped.set()
        self._due.set()
        self._thread.join(timeout=BEAT_EVERY_S)
        try:
            with self._database.begin() as session:
                session.execute(delete(Worker).where(Worker.name == self._name))
        except Exception as error:
            log.warning("worker_row_left", worker=self._name, reason=first_line(error))

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                is_told_to_go = self._beat()
            except Exception as error:
                log.warning("worker_beat_missed", worker=self._name, reason=first_line(error))
            else:
                if is_told_to_go and not self._draining.is_set():
                    self._draining.set()
                    log.info("worker_told_to_go", worker=self._name)
                    self._on_drain()
            self._due.wait(BEAT_EVERY_S)
            self._due.clear()

    def _beat(self) -> bool:
        """Write the row; whether it says that this worker must go."""
        with self._database.begin() as session:
            now = database_now_s(session)
            row = session.get(Worker, self._name, with_for_update=True)
            if row is None:
                self._started_at = self._started_at or now
                row = Worker(
                    name=self._name,
                    pool=self._pool,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    pid_space=pid_space(),
                    slots=self._slots,
                    version=app.__version__,
                    started_at=self._started_at,
                    encoder=self._encoder,
                )
                session.add(row)
            row.beat_at = now
            if self._draining.is_set():
                row.draining_at = row.draining_at or now
            session.execute(delete(Worker).where(Worker.beat_at < now - FORGET_AFTER_S))
            return row.draining_at is not None
