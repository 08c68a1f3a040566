"""Webhooks delivered per second by one hooks worker, next to a bare loop over `requests`; and who waits for whom.

    .venv/bin/python -m bench.webhooks [--messages 3000] [--runs 3] [--json]

The receiver is a process of its own and answers at once; the database is PostgreSQL, which syncs each commit to disk.

`deliveries_per_s`  ours: all messages are in the database, for 20 endpoints of 4 organisations; from the start of the
                    clock to the last committed outcome. Each is claimed under a lease, signed, sent, and written with
                    its attempt. A worker that dies loses none.
`requests_per_s`    the same bodies posted to the same receiver in a loop, by one thread over one connection: nothing is
                    signed, checked, or kept.
`ratio_requests`    deliveries_per_s ÷ requests_per_s
`others_p95_s`      200 messages wait for an endpoint that never answers; meanwhile other organisations write messages,
                    20 a second. From a message's commit to the start of its first attempt, 95 in 100 within this.
`idle_cpu_share`    of one core, of the worker with nothing to do; `memory_mib` is what it takes after the runs.

Medians of `--runs`, ours and theirs by turns.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import func, select

from app.models import PoolPause, WebhookAttempt, WebhookDelivery, Worker
from app.models.database import Database
from app.models.migrate import migrate
from app.services.farm_secret import farm_secret
from app.services.sealing import Sealer
from bench.farms import print_result
from bench.throughput import running, wait_until
from config.settings import Settings, load_settings
from tests.farms import make_org
from tests.made_webhooks import make_endpoint, make_messages
from tests.servers import PostgresServer, RedisServer
from tests.stopping import unwind_on_sigterm
from workers.doorbell import CeleryBell
from workers.procfile import read_procfile

ROOT = Path(__file__).parents[1]
ORGS, ENDPOINTS_OF_ORG = 4, 5
HANGING = 200
OTHERS_EVERY_S, OTHERS = 0.05, 400
IDLE_S = 10.0
LIVE = ("pending", "sending")


@dataclass(frozen=True)
class Ground:
    database: Database
    settings: Settings
    bell: CeleryBell
    sealer: Sealer
    receiver: str
    worker_pid: int


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A receiver and one hooks worker with nothing to do yet."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-bench-")))
        environment = {
            **os.environ,
            "SCENEWORKS_HOME": str(folder),
            "DATABASE_URL": stack.enter_context(PostgresServer(durable=True)).new_database(),
            "REDIS_URL": stack.enter_context(RedisServer()).url,
            "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
            "LOG_LEVEL": "warning",
        }
        settings = load_settings(environment)
        migrate(settings.database_url)
        environment["SCENEWORKS_HOOKS_SLOTS"] = str(settings.hooks_slots)
        database = Database(settings.database_url)
        stack.callback(database.close)
        receiver = stack.enter_context(receiving())
        worker = stack.enter_context(running(hooks_command(settings), environment))
        wait_until(lambda: has_worker(database), "the hooks worker")
        sealer = Sealer(farm_secret(settings.secret, settings.secret_file))
        yield Ground(database, settings, CeleryBell(settings.broker_url), sealer, receiver, worker.pid)


@contextlib.contextmanager
def receiving() -> Iterator[str]:
    """The receiver's URL."""
    command = [sys.executable, "-m", "bench.cheap_receiver"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def hooks_command(settings: Settings) -> list[str]:
    """As the Procfile has it."""
    line = next(program.command for program in read_procfile(ROOT / "Procfile") if program.name == "hooks")
    words = shlex.split(line.replace("$SCENEWORKS_HOOKS_SLOTS", str(settings.hooks_slots)))
    return [sys.executable, *words[1:]]


def has_worker(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(select(func.count()).select_from(Worker)))


def our_rate(ground: Ground, endpoints: dict[int, int], messages: int) -> float:
    """Deliveries per second, with all of them there from the start. `endpoints`: the organisation of each."""
    with ground.database.begin() as session:
        session.add(PoolPause(pool="hooks", reason="the messages are made", since=0.0, until=None))
    for endpoint_id, org_id in endpoints.items():
        make_messages(ground.database, org_id, endpoint_id, messages // len(endpoints))
    with ground.database.begin() as session:
        session.delete(session.get_one(PoolPause, "hooks"))
    begun = time.monotonic()
    ground.bell.ring_hooks()
    wait_until(lambda: not live(ground.database), "the deliveries to end", every_s=0.05)
    return messages / (time.monotonic() - begun)


def live(database: Database) -> int:
    with database.read() as session:
        failed = session.scalar(select(func.count()).where(WebhookAttempt.error.is_not(None)))
        if failed:
            raise SystemExit(f"{failed} deliveries failed.")
        return session.scalar(select(func.count()).where(WebhookDelivery.status.in_(LIVE))) or 0


def requests_rate(receiver: str, messages: int) -> float:
    with requests.Session() as session:
        # It would look for proxies in the environment and the machine's settings anew at each request.
        session.trust_env = False
        begun = time.monotonic()
        for number in range(messages):
            body = f'{{"number": {number}}}'.encode()
            session.post(receiver, data=body, headers={"content-type": "application/json"}).raise_for_status()
        return messages / (time.monotonic() - begun)


def waits_of_others(ground: Ground) -> list[float]:
    """Seconds from the commit of messages to their first attempts, while another organisation's endpoint hangs."""
    hanging = make_org(ground.database, "hanging")
    make_messages(
        ground.database,
        hanging,
        make_endpoint(ground.database, hanging, f"{ground.receiver}/hang", ground.sealer),
        HANGING,
    )
    others = [make_org(ground.database, f"other {number}") for number in range(10)]
    endpoints = [make_endpoint(ground.database, org_id, ground.receiver, ground.sealer) for org_id in others]
    made = []
    for number in range(OTHERS):
        place = number % len(others)
        made += make_messages(ground.database, others[place], endpoints[place])
        ground.bell.ring_hooks()
        time.sleep(OTHERS_EVERY_S)

    def waits() -> list[float]:
        with ground.database.read() as session:
            of_others = select(WebhookAttempt.at - WebhookDelivery.created_at).join(
                WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id
            )
            return sorted(session.scalars(of_others.where(WebhookAttempt.delivery_id.in_(made))))

    wait_until(lambda: len(waits()) >= OTHERS, "everyone else's first attempts", every_s=0.1)
    return waits()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000, help="messages in a run (default 3000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    ours, theirs = [], []
    with ground() as at:
        before_s = cpu_s(at.worker_pid)
        time.sleep(IDLE_S)
        idle_share = (cpu_s(at.worker_pid) - before_s) / IDLE_S
        orgs = [make_org(at.database, f"org {number}") for number in range(ORGS)]
        endpoints = {
            make_endpoint(at.database, org_id, at.receiver, at.sealer): org_id
            for org_id in orgs
            for _ in range(ENDPOINTS_OF_ORG)
        }
        our_rate(at, endpoints, 10 * len(endpoints))
        for _ in range(arguments.runs):
            ours.append(our_rate(at, endpoints, arguments.messages))
            theirs.append(requests_rate(at.receiver, arguments.messages))
        memory = memory_mib(at.worker_pid)
        waits = waits_of_others(at)
    per_s, requests_per_s = statistics.median(ours), statistics.median(theirs)
    result = {
        "deliveries_per_s": round(per_s, 1),
        "requests_per_s": round(requests_per_s, 1),
        "ratio_requests": round(per_s / requests_per_s, 3),
        "others_p50_s": round(statistics.median(waits), 3),
        "others_p95_s": round(waits[int(len(waits) * 0.95) - 1], 3),
        "idle_cpu_share": round(idle_share, 4),
        "memory_mib": round(memory, 1),
        "messages": arguments.messages,
        "runs": arguments.runs,
        "cores": os.cpu_count(),
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
