"""The API behind gunicorn, next to a bare Flask + SQLAlchemy behind the same gunicorn, on the same PostgreSQL.

    .venv/bin/python -m bench.api [--seconds 3] [--runs 3] [--processes 1] [--json]

PostgreSQL syncs each commit to disk, as it would in service; gunicorn has one process with 32 threads, the default, or
as many as asked for, on both sides. The clients are one process with keep-alive connections. One of 1, 8 and 32 clients
ask at once, ours and theirs by turns; each figure is the median of `--runs`.

`get_ratio`   one row of a bare table by its key, ÷ `GET /api/jobs/{id}` of a running job of forty steps, both in
              requests per second with 8 clients. Ours checks the key in the database each time.
`post_ratio`  inserting that row, ÷ `POST /api/videos`, likewise. Ours checks the request, stores job, step and event,
              and calls the first step's worker through Redis if there is room for it: a worker of 32 slots is there
              in name, so that calls are made until its window is full.
`p99_ms_32`   the slower of both, ours, with 32 clients
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.domain.plan import StepKind, StepPlan
from app.domain.states import Pool
from app.models import Job, Org, Step
from app.models.database import Database
from app.models.migrate import migrate
from app.services.api_keys import LOCAL_ORG
from bench.farms import print_result
from bench.used_database import CLIP, claim, finish, prepare
from config.settings import load_settings
from tests.farms import make_job
from tests.servers import PostgresServer, RedisServer, free_port
from tests.stopping import unwind_on_sigterm
from workers.process_tree import end_all

ROOT = Path(__file__).parents[1]
CLIENTS = (1, 8, 32)
RATIO_AT = 8
READY_WITHIN_S = 30.0
# Counted as anywhere, and never used up.
NEVER_REACHED = {
    "RATE_LIMIT_USER": "999999/60",
    "RATE_LIMIT_ORG": "999999/60",
    "QUOTA_JOBS_AT_ONCE": "999999999",
    "QUOTA_MINUTES_A_DAY": "999999999",
}
SCENES = 20
TEXT = "A volcano is a door into the Earth. Most of the time it is closed, and nobody thinks of it."


@dataclass(frozen=True)
class Side:
    """A server, and the requests to send it by what they are called, with the status that each is answered with."""

    port: int
    requests: Mapping[str, tuple[str, str]]


@contextlib.contextmanager
def served(application: str, port: int, environment: Mapping[str, str], health: str, processes: int) -> Iterator[None]:
    """A gunicorn with the product's own settings, whatever it serves."""
    options = ["--worker-class", "gthread", "--workers", str(processes), "--threads", "32", "--keep-alive", "15"]
    if application.startswith("workers."):
        options += ["--config", "python:config.gunicorn"]
    command = [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", application]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not answers(port, health):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{application} did not come up.")
            time.sleep(0.05)
        yield
    finally:
        end_all([process.pid], grace_s=10.0)
        process.wait()


def answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def running_job(database: Database) -> str:
    """The public id of a job of the farm's own organisation that is halfway through."""
    with database.read() as session:
        org_id = session.execute(select(Org.id).where(Org.name == LOCAL_ORG)).scalar_one()
    clips = [StepPlan(f"scene/{number}/clip", StepKind.CLIP, Pool.CPU, CLIP) for number in range(1, SCENES + 1)]
    voices = [StepPlan(f"scene/{number}/narration", StepKind.NARRATION, Pool.CPU) for number in range(1, SCENES + 1)]
    job_id = make_job(database, org_id, [*voices, *clips])
    with database.read() as session:
        steps = session.scalars(select(Step.id).where(Step.job_id == job_id).order_by(Step.id)).all()
        public_id = session.execute(select(Job.public_id).where(Job.id == job_id)).scalar_one()
    for step_id in steps[:SCENES]:
        finish(database, claim(database, step_id))
    for step_id in steps[SCENES : SCENES + 4]:
        claim(database, step_id)
    return public_id


def request_text(method: str, path: str, key: str | None = None, body: Any = None) -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    sent = "" if body is None else json.dumps(body)
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent.encode())}"]
    return "\r\n".join([*lines, "", sent])


def measure(side: Side, what: str, clients: int, seconds: float) -> dict[str, float]:
    text, expect = side.requests[what]
    plan = {"port": side.port, "clients": clients, "seconds": seconds, "expect": expect, "requests": [text]}
    asked = subprocess.run(
        [sys.executable, "-m", "bench.http_load"], input=json.dumps(plan), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if asked.returncode:
        raise SystemExit("The clients did not get their answers.")
    result: dict[str, float] = json.loads(asked.stdout)
    return result


@contextlib.contextmanager
def both_sides(processes: int) -> Iterator[tuple[Side, Side]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-bench-")))
        redis_url = stack.enter_context(RedisServer()).url
        server = stack.enter_context(PostgresServer(durable=True))
        ours, bare = free_port(), free_port()
        environment = {
            "SCENEWORKS_HOME": str(folder),
            "SCENEWORKS_PORT": str(ours),
            "DATABASE_URL": server.new_database(),
            "REDIS_URL": redis_url,
            **NEVER_REACHED,
        }
        settings = load_settings({**os.environ, **environment})
        migrate(settings.database_url)
        stack.enter_context(served("workers.web:application", ours, environment, "/health/healthz", processes))
        bare_environment = {"DATABASE_URL": server.new_database()}
        stack.enter_context(served("bench.bare_api:application", bare, bare_environment, "/", processes))
        database = Database(settings.database_url)
        prepare(database, 0)
        key = settings.local_key_file.read_text().strip()
        path = f"/api/jobs/{running_job(database)}"
        database.close()
        body = {"text": TEXT}
        yield (
            Side(
                ours,
                {
                    "get": (request_text("GET", path, key), "200"),
                    "post": (request_text("POST", "/api/videos", key, body), "202"),
                },
            ),
            Side(
                bare,
                {
                    "post": (request_text("POST", "/rows", body=body), "202"),
                    "get": (request_text("GET", "/rows/1"), "200"),
                },
            ),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each figure is measured (default 3)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--processes", type=int, default=1, help="of each gunicorn (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    with both_sides(arguments.processes) as (ours, bare):
        # The row that the bare server is asked for.
        measure(bare, "post", 1, 0.1)
        for _ in range(arguments.runs):
            for clients in CLIENTS:
                for what in ("get", "post"):
                    for name, side in (("", ours), ("bare_", bare)):
                        figures = measure(side, what, clients, arguments.seconds)
                        found.setdefault((name, what, clients), []).append(figures)

    def median(name: str, what: str, clients: int, figure: str) -> float:
        return statistics.median(run[figure] for run in found[name, what, clients])

    result: dict[str, Any] = {
        f"{what}_ratio": round(median("bare_", what, RATIO_AT, "per_s") / median("", what, RATIO_AT, "per_s"), 2)
        for what in ("get", "post")
    }
    result["p99_ms_32"] = round(max(median("", what, 32, "p99_ms") for what in ("get", "post")), 1)
    for name, what, clients in found:
        for figure in ("per_s", "p50_ms", "p99_ms"):
            result[f"{name}{what}_{figure}_{clients}"] = round(median(name, what, clients, figure), 1)
    result |= {
        "seconds": arguments.seconds,
        "runs": arguments.runs,
        "processes": arguments.processes,
        "cores": os.cpu_count(),
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
