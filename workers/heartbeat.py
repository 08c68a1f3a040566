"""A thread that keeps the leases of this process's running steps, and tells a step when its lease is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.domain.errors import LeaseLost
from app.domain.stuck import BEATS_PER_LEASE
from app.models.database import Database, first_line
from app.services.leases import LeaseKey, extend_leases

log = structlog.get_logger()


class HeldLease:
    """A lease while its step runs."""

    def __init__(self, key: LeaseKey) -> None:
        self.key = key
        self.progress = 0.0
        self.lost = threading.Event()

    def report(self, fraction: float) -> None:
        self.progress = min(1.0, max(self.progress, fraction))
        if self.lost.is_set():
            raise LeaseLost("The step was canceled, or taken back because its worker seemed dead.")


class LeaseHeartbeat:
    """Beats for every held lease, on the database's clock. A beat that cannot reach the database is tried again:

    while the database is away nobody can take a step from us, and our commit is judged by its token anyway.
    """

    def __init__(self, database: Database, lease_ttl_s: float) -> None:
        self._database = database
        self._lease_ttl_s = lease_ttl_s
        self._held: dict[LeaseKey, HeldLease] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hold(self, key: LeaseKey) -> Iterator[HeldLease]:
        lease = HeldLease(key)
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

    def _beat_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._lease_ttl_s / BEATS_PER_LEASE):
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
