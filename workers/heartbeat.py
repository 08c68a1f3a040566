"""A thread that keeps the leases of this process's running steps, and tells a step when its lease is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from app.domain.errors import LeaseLost
from app.domain.stuck import BEATS_PER_LEASE
from app.models.database import Database, first_line
from app.services.leases import LeaseKey, extend_leases

log = structlog.get_logger()


@dataclass(frozen=True)
class Patience:
    """How long a step may be silent, in seconds. Work reports many times a second, and a library's longest call takes
    some seconds; who is silent for this long hangs. `lost_s` is for a step that is wanted no more.
    """

    silent_s: float = 300.0
    lost_s: float = 30.0


class HeldLease:
    """A lease while its step runs. `about` says in the log of which job the step is."""

    def __init__(self, key: LeaseKey, about: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.about = about or {}
        self.progress = 0.0
        self.lost = threading.Event()
        self.has_reported = False
        self.silent_s = 0.0

    def hear(self, beat_s: float) -> None:
        """Count the time since the last report. In beats, for a process that was frozen has not been silent."""
        self.silent_s = 0.0 if self.has_reported else self.silent_s + beat_s
        self.has_reported = False

    def report(self, fraction: float) -> None:
        self.has_reported = True
        self.progress = min(1.0, max(self.progress, fraction))
        if self.lost.is_set():
            raise LeaseLost("The step was canceled, or taken back because its worker seemed dead.")


class LeaseHeartbeat:
    """Beats for every held lease, on the database's clock. A beat that cannot reach the database is tried again:

    while the database is away nobody can take a step from us, and our commit is judged by its token anyway.

    A step that hangs is left alone, or `on_hung` is called: code that does not come back can only be ended with its
    process.
    """

    def __init__(
        self,
        database: Database,
        lease_ttl_s: float,
        *,
        on_hung: Callable[[], None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._database = database
        self._lease_ttl_s = lease_ttl_s
        self._on_hung = on_hung
        self._patience = patience or Patience()
        self._held: dict[LeaseKey, HeldLease] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hold(self, key: LeaseKey) -> Iterator[HeldLease]:
        # What is bound in the step's thread is not in the one that beats.
        lease = HeldLease(key, structlog.contextvars.get_contextvars())
        with self._changed:
            self._held[key] = lease
            if self._thread is None:
                # Started with the first lease: after the fork, and never in a process that runs no steps.
                self._thread = threading.Thread(target=self._beat_forever, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield lease
        finally:
            with self._changed:
                del self._held[key]

    @property
    def _beat_s(self) -> float:
        return self._lease_ttl_s / BEATS_PER_LEASE

    def _beat_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._beat_s):
            with self._changed:
                held = list(self._held.values())
            if held:
                self._beat(held)

    def _beat(self, held: list[HeldLease]) -> None:
        try:
            lost = extend_leases(self._database, {lease.key: lease.progress for lease in held}, self._lease_ttl_s)
        except Exception as error:
            log.warning("heartbeat_missed", leases=len(held), reason=first_line(error))
            return
        for lease in held:
            if lease.key in lost:
                lease.lost.set()
            # Only now: a step that waits for the database to commit has nothing to report.
            lease.hear(self._beat_s)
            limit_s = self._patience.lost_s if lease.lost.is_set() else self._patience.silent_s
            if self._on_hung is not None and lease.silent_s >= limit_s:
                log.error("step_hangs", step_id=lease.key.step_id, silent_s=round(lease.silent_s), **lease.about)
                self._on_hung()
