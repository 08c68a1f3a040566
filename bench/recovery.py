"""How soon a killed worker's work goes on: ours, and three other queues on the same Redis.

    .venv/bin/python -m bench.recovery [--kills 50] [--peer-kills 5] [--limit-s 100]
                                       [--database postgresql|sqlite] [--json]

Ours is the real farm on its default settings (a lease of 10 s). Its CPU worker renders two clips that take long, and is
killed with kill -9, all of its processes, at a random moment between two heartbeats, again and again. What is measured
is the database's time from each kill to each clip's next claim, so there are two figures a kill:

`ours_median_s`, `ours_worst_s`   over all of them; `ours_recovered` is their number

Then Celery with acks_late=True, dramatiq and rq, each as it comes (rq with a retry, which it does not have by default):
one task that takes long, its worker killed in the same way, and the time to the moment at which the task is begun
again. A peer that has not done so within `--limit-s` is not waited for any longer:

`celery_recovered`   of `peer_kills`, those within the limit; `celery_median_s` and `celery_worst_s` are null when that
                     figure lies beyond it. Likewise `dramatiq_…` and `rq_…`.

Everywhere the killed worker is replaced at once. 50 kills take about ten minutes, the peers about two more. dramatiq
and rq are installed on first use, into a folder of their own below the user's cache.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from app.client import SceneRequest, VideoRequest
from app.domain.plan import StepKind
from app.domain.states import StepStatus
from app.domain.stuck import BEATS_PER_LEASE
from app.models import Step, StepAttempt
from app.models.database import Database, database_now_s
from bench.farms import print_result
from bench.kept_worker import ROOT, KeptWorker
from bench.peers.recovery import peer_recoveries_s
from tests.real_farm import RealFarm
from tests.servers import PostgresServer, RedisServer
from tests.stopping import unwind_on_sigterm
from tests.waiting import wait_for
from workers.procfile import Program, read_procfile

SLOTS = 2
# Two scenes of about 45 s in large, quick frames: either clip is at work for much longer than between two kills.
SCENE = SceneRequest(text="The rain falls on the hills and runs down through the valleys to the sea. " * 9)
LONG = VideoRequest(scenes=(SCENE, SCENE), size="1080x1920", fps=60)
RUNNING_WITHIN_S = 120.0
POLL_S = 0.02


def our_recoveries_s(redis_url: str, kind: str, folder: Path, kills: int, chance: random.Random) -> list[float]:
    """Seconds from each kill to each interrupted step's next claim."""
    with database_url(kind, folder) as url, busy_farm(url, redis_url, folder) as (database, worker, lease_ttl_s):
        found: list[float] = []
        for kill in range(kills):
            tokens = wait_for(lambda: running_clips(database), RUNNING_WITHIN_S, POLL_S, "two clips that run")
            # Any moment between two heartbeats, whose first comes with the claim.
            time.sleep(chance.uniform(0, 2 * lease_ttl_s / BEATS_PER_LEASE))
            with database.begin() as session:
                # A step that loses one worker after the other is given a rest each time; here every kill is its first.
                session.execute(update(Step).where(Step.kind == StepKind.CLIP).values(attempt=1))
                killed_at = database_now_s(session)
            worker.kill_and_replace()
            claims = [next_claim(database, step_id, token) for step_id, token in tokens.items()]
            found += [claimed_at - killed_at for claimed_at in claims]
            print(f"\rkill {kill + 1} of {kills}: {found[-2]:.1f} s and {found[-1]:.1f} s ", end="", file=sys.stderr)
        print(file=sys.stderr)
        return found


@contextlib.contextmanager
def busy_farm(url: str, redis_url: str, folder: Path) -> Iterator[tuple[Database, KeptWorker, float]]:
    """A real farm at work on two clips, with its CPU worker in our hands, and the length of its leases."""
    environment = {
        **os.environ,
        "SCENEWORKS_HOME": str(folder / "home"),
        "SCENEWORKS_CPU_SLOTS": str(SLOTS),
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "LEASE_TTL_S": "",
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    programs = {program.name: program for program in read_procfile(ROOT / "Procfile")}
    cpu = programs.pop("cpu")
    farm = RealFarm(folder / "home", environment, ("--procfile", str(write_procfile(folder, programs.values()))))
    try:
        with KeptWorker(("sh", "-c", f"exec {cpu.command}"), environment, folder / "cpu.log") as worker:
            farm.wait_for_workers()
            farm.submit(LONG)
            yield farm.database, worker, farm.settings.lease_ttl_s
    finally:
        farm.close()


def running_clips(database: Database) -> dict[int, int]:
    """The token of each running clip, by its step's id, once every slot has one."""
    with database.read() as session:
        rows = session.execute(
            select(Step.id, Step.token).where(Step.kind == StepKind.CLIP, Step.status == StepStatus.RUNNING)
        )
        found = dict(rows.tuples().all())
    return found if len(found) == SLOTS else {}


def next_claim(database: Database, step_id: int, token: int) -> float:
    """When the step was claimed after `token`, on the database's clock."""

    def look() -> float:
        with database.read() as session:
            query = select(StepAttempt.started_at).where(StepAttempt.step_id == step_id, StepAttempt.token > token)
            return session.scalars(query).first() or 0.0

    return wait_for(look, RUNNING_WITHIN_S, POLL_S, "the step to be claimed again")


def write_procfile(folder: Path, programs: Iterable[Program]) -> Path:
    procfile = folder / "Procfile"
    procfile.write_text("".join(f"{program.name}: {program.command}\n" for program in programs))
    return procfile


@contextlib.contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'farm.db'}"
        return
    with PostgresServer() as server:
        yield server.new_database()


def summary(name: str, times_s: Sequence[float | None]) -> dict[str, float | int | None]:
    """Median and worst, None when that one lies beyond the limit."""
    in_order = [math.inf if time_s is None else time_s for time_s in times_s]
    return {
        f"{name}_median_s": finite(statistics.median(in_order)),
        f"{name}_worst_s": finite(max(in_order)),
        f"{name}_recovered": sum(time_s is not None for time_s in times_s),
    }


def finite(time_s: float) -> float | None:
    return None if math.isinf(time_s) else round(time_s, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="kills of our worker (default 50)")
    parser.add_argument("--peer-kills", type=int, default=5, help="kills of each peer's (default 5, 0 for none)")
    parser.add_argument("--limit-s", type=float, default=100.0, help="how long a peer is waited for (default 100)")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql", help="ours")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="sceneworks-recovery-") as name, RedisServer() as redis:
        folder = Path(name)
        ours = our_recoveries_s(redis.url, arguments.database, folder, arguments.kills, chance)
        peers: dict[str, list[float | None]] = {}
        if arguments.peer_kills:
            peers = peer_recoveries_s(redis.url, folder, arguments.peer_kills, arguments.limit_s, chance)
    result: dict[str, Any] = summary("ours", ours)
    for name, times_s in peers.items():
        result |= summary(name, times_s)
    result |= {
        "kills": arguments.kills,
        "peer_kills": arguments.peer_kills,
        "limit_s": arguments.limit_s,
        "seed": arguments.seed,
        "database": arguments.database,
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
