"""What a farm's years cost: dispatch and claim in a full database, against the same in an empty one.

    .venv/bin/python -m bench.tablesize [--finished 1000000] [--waiting 10000] [--orgs 50]
                                        [--database postgresql|sqlite|both] [--json]

Two databases stand side by side. One holds `--finished` jobs that have ended (four steps each, with their edges,
attempts, events, artifacts and results) and a backlog of `--waiting` jobs over `--orgs` organisations; the other holds
nothing. Both are worked in turns, one step after the other: dispatch, claim, finish. A job that ends is followed by a
new one, so the backlog stays as long as it is. Then one organisation is given the whole backlog, and all is measured
once more.

`ratio_p99`              the worst of p99 in the full ÷ p99 in the empty one, of dispatch and claim; 2 is the goal
`dispatch_p99_ms_empty`  milliseconds of a call, its commit included; likewise `_full`, `_p50`, and `claim`, `finish`,
                         `recover`, `settle` and `find_stuck`, which are not part of the ratio
`one_org_…`              the same with the backlog in one hand; with `--database both` the database's name stands before

PostgreSQL is started for this alone, with syncing to disk switched off: what is left shows the tables' size the more.
A full run takes 10 GB in the temporary folder (TMPDIR) and about ten minutes; `--finished 20000` takes half a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from app.domain.flow_limits import NO_LIMITS
from app.domain.states import Pool
from app.models import Job
from app.models.database import Database
from app.models.migrate import migrate
from app.services.dispatch import dispatch
from app.services.find_stuck import find_stuck
from app.services.recover import recover
from app.services.settle_jobs import settle_jobs
from app.services.standstill import Standstill
from bench.farms import print_result
from bench.used_database import (
    SLOTS,
    Size,
    claim,
    fill,
    finish,
    give_backlog_to,
    prepare,
    size_gb,
    submit_chain,
)
from tests.farms import ListBell
from tests.servers import PostgresServer
from tests.stopping import unwind_on_sigterm

LEASE_TTL_S = 10.0
WARM_UP_TURNS = 100
# The sides take turns of this many, so that what else the machine does falls on both.
TURNS_IN_A_ROW = 25
CALLS = ("dispatch", "claim", "finish", "recover", "settle", "find_stuck")
IN_RATIO = ("dispatch", "claim")
ONE_ORG = "one_org_"


class Side:
    """One database with a bell that rings for nobody but us, and what each kind of call has taken, in ms."""

    def __init__(self, database: Database, orgs: Sequence[int]) -> None:
        self.database = database
        self.orgs = orgs
        self.took_ms: dict[str, list[float]] = defaultdict(list)
        self._bell = ListBell()
        self._standstill = Standstill()
        self._submitted = 0

    def start(self, *, is_full: bool) -> None:
        """A full farm is a busy one: its slots have work that lasts. An empty one gets its first job."""
        if not is_full:
            return self._submit()
        dispatch(self.database, self._bell)
        for pool in (Pool.CPU, Pool.IO):
            for doorbell in [doorbell for doorbell in self._bell.rung if doorbell.pool == pool][:SLOTS]:
                self._bell.rung.remove(doorbell)
                claim(self.database, doorbell.step_id)

    def turn(self) -> None:
        """Dispatch, then answer one doorbell and finish its step; the job that ends is followed by another."""
        self._timed("dispatch", lambda: dispatch(self.database, self._bell))
        doorbell = self._bell.rung.pop(0)
        claimed = self._timed("claim", lambda: claim(self.database, doorbell.step_id))
        self._timed("finish", lambda: finish(self.database, claimed))
        with self.database.read() as session:
            has_ended = session.get_one(Job, claimed.job_id).open_steps == 0
        if has_ended:
            self._submit()

    def sweep(self) -> None:
        self._timed("recover", lambda: recover(self.database))
        self._timed("settle", lambda: settle_jobs(self.database))
        self._timed("find_stuck", lambda: find_stuck(self.database, LEASE_TTL_S, NO_LIMITS, self._standstill))

    def _submit(self) -> None:
        submit_chain(self.database, self.orgs[self._submitted % len(self.orgs)])
        self._submitted += 1

    def _timed(self, name: str, call: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = call()
        self.took_ms[name].append((time.perf_counter() - begun) * 1000)
        return result


def measure(empty: Side, full: Side, turns: int) -> dict[str, float]:
    """Work both sides off by turns; the figures by name."""
    for side in (empty, full):
        for _ in range(WARM_UP_TURNS):
            side.turn()
        side.took_ms.clear()
    for _ in range(0, turns, TURNS_IN_A_ROW):
        for side in (empty, full):
            for _ in range(TURNS_IN_A_ROW):
                side.turn()
            side.sweep()
    found = {}
    for name in CALLS:
        for label, took_ms in (("empty", empty.took_ms[name]), ("full", full.took_ms[name])):
            found[f"{name}_p50_ms_{label}"] = round(statistics.median(took_ms), 2)
            found[f"{name}_p99_ms_{label}"] = round(p99(took_ms), 2)
        found[f"{name}_ratio_p99"] = round(p99(full.took_ms[name]) / p99(empty.took_ms[name]), 2)
    return found


def p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


@contextlib.contextmanager
def two_databases(kind: str) -> Iterator[tuple[Database, Database]]:
    """An empty one and one to be filled; both go with the block."""
    with contextlib.ExitStack() as stack:
        if kind == "postgresql":
            server = stack.enter_context(PostgresServer())
            urls = [server.new_database() for _ in range(2)]
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-tablesize-")))
            urls = [f"sqlite:///{folder / name}.db" for name in ("empty", "full")]
        databases = []
        for url in urls:
            migrate(url)
            databases.append(stack.enter_context(contextlib.closing(Database(url))))
        yield databases[0], databases[1]


def compare(kind: str, size: Size, orgs: int, turns: int) -> dict[str, float]:
    """Fill one database, leave the other empty, and measure both; the figures by name."""
    with two_databases(kind) as (empty, full):
        empty_orgs, full_orgs = prepare(empty, orgs), prepare(full, orgs)
        begun = time.monotonic()
        fill(full, full_orgs, size)
        facts = {"fill_s": round(time.monotonic() - begun), "size_gb": round(size_gb(full), 2)}
        print(f"{kind}: {facts['size_gb']} GB in {facts['fill_s']} s; measuring", file=sys.stderr)
        sides = Side(empty, empty_orgs), Side(full, full_orgs)
        sides[0].start(is_full=False)
        sides[1].start(is_full=True)
        found = measure(*sides, turns)
        give_backlog_to(full, full_orgs[0])
        for side in sides:
            side.orgs = side.orgs[:1]
        found |= {f"{ONE_ORG}{name}": value for name, value in measure(*sides, turns).items()}
    worst = max(found[f"{scene}{name}_ratio_p99"] for scene in ("", ONE_ORG) for name in IN_RATIO)
    return {"ratio_p99": worst, **found, **facts}


def print_table(kind: str, found: dict[str, float]) -> None:
    """A line for each kind of call: p50 and p99 in ms, and what a full database makes of p99."""
    print(f"{kind:<22} {'empty p50':>9} {'p99':>7} {'full p50':>9} {'p99':>7} {'ratio':>6}")
    for scene in ("", ONE_ORG):
        for name in CALLS:
            columns = ("p50_ms_empty", "p99_ms_empty", "p50_ms_full", "p99_ms_full", "ratio_p99")
            values = [found[f"{scene}{name}_{column}"] for column in columns]
            print("{:<22} {:>9} {:>7} {:>9} {:>7} {:>6}".format(scene + name, *values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finished", type=int, default=1_000_000, help="jobs that have ended (default 1000000)")
    parser.add_argument("--waiting", type=int, default=10_000, help="jobs that have not, 100 or more (default 10000)")
    parser.add_argument("--orgs", type=int, default=50, help="organisations that own them (default 50)")
    parser.add_argument("--turns", type=int, default=2000, help="steps worked off in each database (default 2000)")
    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="postgresql")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    if arguments.waiting < 100 or arguments.finished < 1:
        parser.error("there must be at least 100 jobs that wait, and one that has ended")
    # What the sweeps find in a database that was made by copying is not for whoever runs this.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    size = Size(arguments.finished, arguments.waiting)
    kinds = ("postgresql", "sqlite") if arguments.database == "both" else (arguments.database,)
    found = {kind: compare(kind, size, arguments.orgs, arguments.turns) for kind in kinds}
    result: dict[str, float] = {"ratio_p99": max(figures["ratio_p99"] for figures in found.values())}
    for kind, figures in found.items():
        result |= {f"{kind}_{name}" if len(kinds) > 1 else name: value for name, value in figures.items()}
        if not arguments.json:
            print_table(kind, figures)
    result |= {"finished": size.finished, "waiting": size.waiting, "orgs": arguments.orgs, "turns": arguments.turns}
    if arguments.json:
        print_result(result, as_json=True)
    else:
        print(f"ratio_p99 {result['ratio_p99']}")


if __name__ == "__main__":
    main()
