"""A process of a prefork pool has died in the middle of a step: its worker sees it first, and says so at once."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from billiard.exceptions import WorkerLostError

from app.domain.errors import LeaseLost
from app.models.database import Database, first_line
from app.services.lost_workers import take_back_from_child
from app.services.sweep_work import sweep_work

log = structlog.get_logger()

# Celery puts the reason into a sentence of its own: `Worker exited prematurely: signal 9 (SIGKILL) Job: 7.`
AGAIN_AFTER_S = 0.1
DEATH = re.compile(r"(signal \d+ \(\w+\)|exitcode -?\d+)")


class LostChildren:
    """Hears of every task that failed in this worker; `worker` is its name in the database."""

    def __init__(self, database_url: str, worker: str, work_dir: Path) -> None:
        self._database_url, self._worker, self._work_dir = database_url, worker, work_dir

    def on_task_failure(self, exception: BaseException, args: Sequence[int], **_: object) -> None:
        """The receiver of Celery's signal. Exceptions of a task itself are not for us: a step that fails says so."""
        if isinstance(exception, WorkerLostError):
            # The worker's loop, in which this is called, must not wait for a database.
            threading.Thread(target=self._take_back, args=(args[0], str(exception)), daemon=True).start()

    def _take_back(self, step_id: int, message: str) -> None:
        found = DEATH.search(message)
        death = found.group() if found else message
        database = Database(self._database_url, pooled=False)
        try:
            # Not at once, when another child of ours has died at the same job.
            with contextlib.suppress(LeaseLost):
                while not take_back_from_child(database, step_id, self._worker, death):
                    time.sleep(AGAIN_AFTER_S)
            # The dead cannot tidy up, and this worker may not start again for weeks.
            sweep_work(database, self._work_dir)
        except Exception as error:
            # The lease runs out all the same.
            log.warning("lost_child_not_told", step_id=step_id, reason=first_line(error))
