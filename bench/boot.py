"""How soon a cold farm accepts its first job, and how soon an idle one starts a step.

    .venv/bin/python -m bench.boot [--runs 3] [--jobs 30] [--json]

`boot_s`: median seconds from starting the farm's process to the first 202, everything installed, nothing running.
`step_start_p50_ms`: median milliseconds from a step being ready (committed) to a worker having claimed it, on the
database's clock, in a farm that has nothing else to do; `step_start_p95_ms` likewise.
"""

from __future__ import annotations

import argparse
import statistics
import time

from sqlalchemy import select

from app.client import VideoRequest
from app.domain.plan import StepKind
from app.models import Step
from app.models.database import Database
from bench.farms import fresh_farm, print_result
from tests.stopping import unwind_on_sigterm

TINY = VideoRequest(text="Hello.", size="64x64", captions="off")


def boot_seconds() -> float:
    """One cold boot to the first 202."""
    begun = time.monotonic()
    with fresh_farm(cpu_slots=2) as farm:
        farm.client.submit_video(TINY, idempotency_key="first")
        return time.monotonic() - begun


def step_starts_ms(jobs: int) -> list[float]:
    """Ready-to-claimed of each job's first step, one job after the other."""
    with fresh_farm(cpu_slots=2) as farm:
        # The first job waits for workers that still boot; it is not counted.
        farm.make(TINY)
        for number in range(jobs):
            farm.make(VideoRequest(text=f"Hello number {number}.", size="64x64", captions="off"))
        return first_step_waits_ms(farm.database)[1:]


def first_step_waits_ms(database: Database) -> list[float]:
    with database.read() as session:
        rows = session.execute(
            select(Step.ready_at, Step.started_at).where(Step.kind == StepKind.SCRIPT).order_by(Step.id)
        ).all()
    return [(started_at - ready_at) * 1000 for ready_at, started_at in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="cold boots (default 3)")
    parser.add_argument("--jobs", type=int, default=30, help="idle starts (default 30)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    boots = [boot_seconds() for _ in range(arguments.runs)]
    waits = sorted(step_starts_ms(arguments.jobs))
    result = {
        "boot_s": round(statistics.median(boots), 2),
        "boot_worst_s": round(max(boots), 2),
        "step_start_p50_ms": round(statistics.median(waits), 1),
        "step_start_p95_ms": round(waits[int(len(waits) * 0.95) - 1], 1),
        "runs": arguments.runs,
        "jobs": arguments.jobs,
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
