"""How a worker goes: it takes nothing new, has a grace time to finish, and hands back what is left.

Celery's warm shutdown does the first part and then waits for as long as a step takes. A clip may take longer than
whoever restarts the worker allows, and a step that is cut off waits for its lease; one that is handed back does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable

import structlog

from app.models.database import Database, first_line
from app.services.hand_back import hand_back, workers_with
from workers.pid_space import pid_space

log = structlog.get_logger()


class Drain:
    """Begins with the first signal to stop, and ends with the process. Beginning it again changes nothing."""

    def __init__(self, database_url: str, worker: str, grace_s: float) -> None:
        self._database_url, self._worker, self._grace_s = database_url, worker, grace_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._hand_back_in_time, name="drain", daemon=True)
        self._begun = False

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._thread.start()

    def end(self) -> None:
        """The worker goes now. What is not finished, after a second signal that allowed no grace, is handed back."""
        self._ended.set()
        self._hand_back()

    def _hand_back_in_time(self) -> None:
        if not self._ended.wait(self._grace_s):
            log.info("grace_time_over", worker=self._worker, handed_back=self._hand_back())

    def _hand_back(self) -> int:
        """How many steps were."""
        return _all_of(self._database_url, lambda _: [self._worker])


def hand_back_of_killed(database_url: str, pids: Collection[int]) -> int:
    """How many steps are handed back of the workers of this host that we have killed before they could do it.

    Afterwards, not before: a worker that is still at it may take one more step.
    """
    return _all_of(database_url, lambda database: workers_with(database, pid_space(), pids))


def _all_of(database_url: str, find_workers: Callable[[Database], Iterable[str]]) -> int:
    try:
        database = Database(database_url, pooled=False)
        return sum(hand_back(database, worker) for worker in find_workers(database))
    except Exception as error:
        # Their leases run out all the same.
        log.warning("steps_not_handed_back", reason=first_line(error))
        return 0
