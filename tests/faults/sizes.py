"""How much of a fault: what CI has the time for on each change, and what the standard of faults asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# pytest's fixture of this name: scripts/faults tells median and worst of all that is recorded under one name.
RecordProperty = Callable[[str, object], None]


@dataclass(frozen=True)
class Sizes:
    """The numbers of the tests that are marked with their `row` of the standard. Times are what a fault lasts at least:

    with 0 it lasts only until the farm has noticed.
    """

    worker_kills: int
    broker_away_s: tuple[float, ...]  # one kill each
    running_at_flush: int
    waiting_at_flush: int
    broker_frozen_s: float
    database_away_s: float
    jobs_at_restart: int
    cancels_at_commit: int


QUICK = Sizes(
    worker_kills=1,
    broker_away_s=(0.0,),
    running_at_flush=2,
    waiting_at_flush=60,
    broker_frozen_s=0.0,
    database_away_s=0.0,
    jobs_at_restart=12,
    cancels_at_commit=2,
)
FULL = Sizes(
    worker_kills=50,
    broker_away_s=(3.0, 60.0) * 5,
    running_at_flush=10,
    waiting_at_flush=1000,
    broker_frozen_s=60.0,
    database_away_s=60.0,
    jobs_at_restart=100,
    cancels_at_commit=20,
)

# What each row is, for people; a test says which one is its own with `@pytest.mark.row(1)`.
ROWS = {
    1: "kill -9 of a worker's process group in mid-step, at random moments",
    4: "kill -9 of the broker in mid-step, and a while without it",
    5: "FLUSHALL while jobs run and wait",
    6: "SIGSTOP of the broker for a while",
    7: "every database connection killed, and a while without the database",
    15: "SIGTERM of each worker while jobs run",
    17: "cancel while queued, running, finishing, waiting",
}
