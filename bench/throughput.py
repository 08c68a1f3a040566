"""Steps per second through the whole durable path, next to bare Celery on the same Redis.

    .venv/bin/python -m bench.throughput [--steps 2000] [--runs 3] [--database postgresql|sqlite] [--json]

Both get two worker processes (one prefork worker, concurrency 2) and work that does nothing.

`steps_per_s`         ours: jobs of ten steps (one, eight that need it, one that needs those) are in the database; from
                      the start of the clock to the last committed result. Each step is dispatched, called through
                      Celery, claimed under a lease, looked up for adoption, and committed with its attempt, its events
                      and what it makes ready. PostgreSQL syncs each commit to disk, as it would in service.
`celery_per_s`        bare Celery: from the first `delay` to the last task taken, published by one process meanwhile.
                      Nothing is kept: a worker that dies has lost its task.
`celery_consume_per_s`  the same with all messages in the broker before the clock starts.
`ratio_celery`        steps_per_s ÷ celery_per_s
`step_start_p50_ms`   from ready (committed) to claimed, database's clock, one job at a time in an idle farm

Medians of `--runs`, ours and theirs by turns.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import redis
from sqlalchemy import func, select

from app.bootstrap import build_farm
from app.domain.plan import WEIGHTS, StepPlan
from app.domain.states import JobStatus, Pool
from app.models import Job, Step, Worker
from app.models.database import Database
from app.models.migrate import migrate
from app.services.dispatch import dispatch
from app.services.farm import Farm
from bench.farms import print_result
from config.settings import load_settings
from tests.farms import make_job, make_org
from tests.servers import PostgresServer, RedisServer
from tests.stopping import unwind_on_sigterm
from workers.doorbell import CeleryBell
from workers.process_tree import end_all

ROOT = Path(__file__).parents[1]
NOOP = "bench.noop"
# As `bench.noop_steps` has it in the workers; that module is not for a process that is no worker.
WEIGHTS[NOOP] = 1
STEPS_A_JOB = 10
WITHIN_S = 300.0
WORKER = ("worker", "--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle")


def noop_plans() -> list[StepPlan]:
    """One step, eight that need it, one that needs those."""
    middle = [f"middle/{number}" for number in range(STEPS_A_JOB - 2)]
    return [
        StepPlan("first", NOOP, Pool.CPU),
        *(StepPlan(name, NOOP, Pool.CPU, needs=("first",)) for name in middle),
        StepPlan("last", NOOP, Pool.CPU, needs=tuple(middle)),
    ]


@contextlib.contextmanager
def our_farm(folder: Path, database_url: str, redis_url: str) -> Iterator[Farm]:
    """A dispatcher and one worker of two processes, with nothing to do yet."""
    environment = {
        **os.environ,
        "SCENEWORKS_HOME": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "LOG_LEVEL": "warning",
    }
    settings = load_settings(environment)
    migrate(settings.database_url)
    farm = build_farm(settings, CeleryBell(settings.broker_url))
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "bench.noop_steps", *WORKER]
    programs = [
        [sys.executable, "-m", "workers.dispatcher"],
        [*celery, "--queues", "cpu", "--task-events"],
    ]
    with contextlib.ExitStack() as stack:
        for program in programs:
            stack.enter_context(running(program, environment))
        wait_until(lambda: workers_of(farm.database) > 0, "a worker")
        yield farm
    farm.database.close()


def workers_of(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Worker)) or 0


def our_rate(farm: Farm, org_id: int, steps: int) -> float:
    """Steps per second, with all the jobs there from the start."""
    for _ in range(steps // STEPS_A_JOB):
        make_job(farm.database, org_id, noop_plans())
    begun = time.monotonic()
    dispatch(farm.database, farm.bell)
    wait_until(lambda: open_jobs(farm.database) == 0, "the jobs to end", every_s=0.05)
    return steps / (time.monotonic() - begun)


def open_jobs(database: Database) -> int:
    with database.read() as session:
        failed = session.scalar(select(func.count()).where(Job.status == JobStatus.FAILED))
        if failed:
            raise SystemExit(f"{failed} jobs failed.")
        return session.scalar(select(func.count()).where(Job.status != JobStatus.SUCCEEDED)) or 0


def step_starts_ms(farm: Farm, org_id: int, jobs: int) -> list[float]:
    """Ready to claimed of each step of small jobs, one job after the other."""
    plans = [StepPlan("first", NOOP, Pool.CPU), StepPlan("second", NOOP, Pool.CPU, needs=("first",))]
    ids = []
    for _ in range(jobs):
        ids.append(make_job(farm.database, org_id, plans))
        dispatch(farm.database, farm.bell)
        wait_until(lambda: open_jobs(farm.database) == 0, "a job to end", every_s=0.05)
    with farm.database.read() as session:
        rows = session.execute(select(Step.ready_at, Step.started_at).where(Step.job_id.in_(ids))).tuples()
        return sorted((started_at - ready_at) * 1000 for ready_at, started_at in rows)


def celery_rates(redis_url: str, tasks: int) -> tuple[float, float]:
    """Tasks per second: published meanwhile, and all published before."""
    os.environ["BROKER_URL"] = redis_url
    from bench.bare_celery import noop

    def all_are_taken() -> bool:
        return connection.llen("celery") == 0

    command = [sys.executable, "-m", "celery", "--quiet", "--app", "bench.bare_celery", *WORKER]
    with (
        contextlib.closing(redis.Redis.from_url(redis_url)) as connection,
        running([*command, "--loglevel", "warning"], dict(os.environ)) as worker,
    ):
        noop.delay(0)
        wait_until(all_are_taken, "Celery's worker")
        begun = time.monotonic()
        for number in range(tasks):
            noop.delay(number)
        wait_until(all_are_taken, "the tasks to end")
        meanwhile = tasks / (time.monotonic() - begun)
        worker.send_signal(signal.SIGSTOP)
        for number in range(tasks):
            noop.delay(number)
        worker.send_signal(signal.SIGCONT)
        begun = time.monotonic()
        wait_until(all_are_taken, "the tasks to end")
        return meanwhile, tasks / (time.monotonic() - begun)


@contextlib.contextmanager
def running(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        # It may be halted at this moment, and would hear nothing.
        process.send_signal(signal.SIGCONT)
        end_all([process.pid], grace_s=60.0)
        process.wait()


def wait_until(condition: Callable[[], bool], what: str, every_s: float = 0.01) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {WITHIN_S:.0f} s for {what}.")
        time.sleep(every_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000, help="steps, and tasks, in a run (default 2000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--jobs", type=int, default=50, help="jobs of two steps in the idle farm (default 50)")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    ours: list[float] = []
    theirs: list[float] = []
    consume: list[float] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-bench-")))
        redis_url = stack.enter_context(RedisServer()).url
        database_url = f"sqlite:///{folder / 'farm.db'}"
        if arguments.database == "postgresql":
            database_url = stack.enter_context(PostgresServer(durable=True)).new_database()
        with our_farm(folder, database_url, redis_url) as farm:
            org_id = make_org(farm.database)
            our_rate(farm, org_id, 10 * STEPS_A_JOB)
            waits = step_starts_ms(farm, org_id, arguments.jobs)
            for _ in range(arguments.runs):
                ours.append(our_rate(farm, org_id, arguments.steps))
                both, alone = celery_rates(redis_url, arguments.steps)
                theirs.append(both)
                consume.append(alone)
    steps_per_s, celery_per_s = statistics.median(ours), statistics.median(theirs)
    result = {
        "steps_per_s": round(steps_per_s, 1),
        "celery_per_s": round(celery_per_s, 1),
        "celery_consume_per_s": round(statistics.median(consume), 1),
        "ratio_celery": round(steps_per_s / celery_per_s, 3),
        "step_start_p50_ms": round(statistics.median(waits), 1),
        "step_start_p95_ms": round(waits[int(len(waits) * 0.95) - 1], 1),
        "database": arguments.database,
        "steps": arguments.steps,
        "runs": arguments.runs,
        "cores": os.cpu_count(),
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
