"""Which idempotency keys are being answered at this moment: a second request with one waits a little, and not for ever.

Within a process a set tells; between processes on PostgreSQL an advisory lock does, which goes with its transaction. On
SQLite other processes wait for the one writer, as every request does.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import RequestInFlight
from app.models.database import database_now_s, now_s
from app.services.asking import RequestKey

# Long enough for what usually takes milliseconds, so that a request sent twice at once is answered twice.
WAIT_S = 3.0
LOOK_EVERY_S = 0.02


class KeysAtWork:
    """Those of one process."""

    def __init__(self) -> None:
        self._keys: set[int] = set()
        self._changed = threading.Condition()

    @contextmanager
    def alone(self, org_id: int, key: RequestKey | None) -> Iterator[None]:
        """Nobody else in this process answers this key meanwhile. RequestInFlight when someone does for too long."""
        if key is None:
            yield
            return
        number = lock_number(org_id, key)
        with self._changed:
            if not self._changed.wait_for(lambda: number not in self._keys, WAIT_S):
                raise in_flight()
            self._keys.add(number)
        try:
            yield
        finally:
            with self._changed:
                self._keys.discard(number)
                self._changed.notify_all()


def lock_key(session: Session, org_id: int, key: RequestKey | None) -> float:
    """Nobody else in any process answers this key until the transaction ends. RequestInFlight as above.

    Returns the database's time, which the transaction would have asked for anyway.
    """
    if key is None or session.get_bind().dialect.name != "postgresql":
        return database_now_s(session)
    deadline = time.monotonic() + WAIT_S
    while True:
        lock = func.pg_try_advisory_xact_lock(lock_number(org_id, key))
        is_ours, now = session.execute(select(lock, now_s())).one()
        if is_ours:
            return float(now)
        if time.monotonic() > deadline:
            raise in_flight()
        time.sleep(LOOK_EVERY_S)


def lock_number(org_id: int, key: RequestKey) -> int:
    """64 bits that stand for the key, its route and its organisation."""
    digest = hashlib.sha256(f"{org_id}\n{key.route}\n{key.key}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def in_flight() -> RequestInFlight:
    return RequestInFlight("A request with this Idempotency-Key is being answered. Send it again in a moment.")
