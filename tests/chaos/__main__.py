"""Let jobs flow through a real farm while its parts are killed at random, and judge what became of them.

    scripts/chaos [--minutes 10] [--jobs 200] [--seed 1] [--stack both] [--json]

The farm is the product's own, started as scripts/up does, in a folder that goes away: once on SQLite with the embedded
broker, once on PostgreSQL with a Redis (both must be installed). For --minutes a fault strikes every few seconds: kill
-9 of pool processes, workers, the dispatcher, the API, the broker or everything at once; frozen workers and brokers, a
broker that forgets, deploys, cancels, a database that dies, is locked or drops every connection. Meanwhile --jobs small
videos are asked for, each with an Idempotency-Key and as often as it takes to be accepted. Then the farm is left alone
until every job has ended, and its books are audited.

The verdict says how many jobs were accepted, how they ended, and what must be 0:

  lost      accepted, and not ended or not there
  doubled   one Idempotency-Key with two jobs
  changed   ended, and different later
  broken    what else an audit finds: two outputs of a step, a lease that never ends, an incomplete history …,
            and work folders that nobody has removed

The same seed strikes with the same faults in the same order. Exit code 0 when all of them are 0, 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.client import ClientError, VideoRequest
from app.domain.states import TERMINAL_JOB_STATUSES, JobStatus
from app.models import Job
from app.models.database import Database
from app.services.audit import audit
from tests.brokers import EmbeddedBroker, TcpBroker
from tests.chaos.faults import Ground, faults_of
from tests.real_farm import RealFarm
from tests.servers import PostgresServer, RedisServer
from tests.stopping import unwind_on_sigterm
from tests.waiting import wait_for

STACKS = ("embedded", "servers")
MEAN_PAUSE_S = 4.0
SETTLED_WITHIN_S = 600.0
LOOK_EVERY_S = 1.0
ASK_AGAIN_AFTER_S = 1.0
SIZES = ("64x64", "64x64", "360x640", "720x1280")
SENTENCES = (
    "The rain falls on the hills.",
    "It runs down to the sea.",
    "Who has seen the wind?",
    "Nobody counts the stars twice.",
)


@dataclass
class Verdict:
    """How a soak ended; `faults` counts what was done, `ends` how the accepted jobs ended."""

    stack: str
    seed: int
    minutes: float
    accepted: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    broken: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.changed or self.broken)


class Customer(threading.Thread):
    """Asks for jobs at an even pace, each as often as it takes. `accepted` are the ids that the farm has promised."""

    def __init__(self, farm: RealFarm, jobs: int, over_s: float, chance: random.Random) -> None:
        super().__init__(name="customer", daemon=True)
        self._farm, self._jobs, self._every_s, self._chance = farm, jobs, over_s / jobs, chance
        self.accepted: list[str] = []

    def run(self) -> None:
        begun = time.monotonic()
        for number in range(self._jobs):
            time.sleep(max(0.0, begun + number * self._every_s - time.monotonic()))
            sentences = self._chance.sample(SENTENCES, self._chance.randint(1, 3))
            # Its number makes the text its own, by which a job that was made twice is found.
            text = "\n\n".join([f"This is number {number}.", *sentences])
            self._ask(VideoRequest(text=text, size=self._chance.choice(SIZES)), f"chaos-{number}")

    def _ask(self, request: VideoRequest, key: str) -> None:
        while True:
            try:
                with self._farm.client() as client:
                    self.accepted.append(client.submit_video(request, idempotency_key=key).id)
                return
            except (ClientError, OSError):
                time.sleep(ASK_AGAIN_AFTER_S)


class Witness(threading.Thread):
    """Notes every job that has ended, as it was when it was first seen to have."""

    def __init__(self, database: Database) -> None:
        super().__init__(name="witness", daemon=True)
        self._database, self._done = database, threading.Event()
        self.seen: dict[str, tuple[object, ...]] = {}

    def run(self) -> None:
        while not self._done.wait(LOOK_EVERY_S):
            with contextlib.suppress(SQLAlchemyError):
                for public_id, facts in ended_jobs(self._database).items():
                    self.seen.setdefault(public_id, facts)

    def close(self) -> None:
        self._done.set()
        self.join()


def ended_jobs(database: Database) -> dict[str, tuple[object, ...]]:
    with database.read() as session:
        rows = session.execute(
            select(Job.public_id, Job.status, Job.finished_at, Job.last_seq, Job.error_code).where(
                Job.status.in_(TERMINAL_JOB_STATUSES)
            )
        )
        return {public_id: tuple(facts) for public_id, *facts in rows}


def soak(ground: Ground, verdict: Verdict, jobs: int) -> None:
    farm, until = ground.farm, time.monotonic() + verdict.minutes * 60
    customer = Customer(farm, jobs, verdict.minutes * 60, random.Random(verdict.seed))
    witness = Witness(farm.database)
    customer.start()
    witness.start()
    begun = time.monotonic()
    faults = faults_of(ground)
    # A source of its own: what a fault draws depends on what it finds, and must not change which one comes next.
    order = random.Random(verdict.seed)
    while time.monotonic() < until:
        time.sleep(min(order.expovariate(1 / MEAN_PAUSE_S), max(0.0, until - time.monotonic())))
        (fault,) = order.choices(list(faults), weights=list(faults.values()))
        name = fault.__name__.replace("_", " ")
        verdict.faults[name] += 1
        minutes, seconds = divmod(int(time.monotonic() - begun), 60)
        say(f"{minutes:3}:{seconds:02}  {name:32} {len(customer.accepted):4} accepted, {len(witness.seen):4} ended")
        fault(ground)
    say("No more faults. Waiting for every job to end.")
    customer.join()
    settle(farm, customer.accepted)
    witness.close()
    judge(farm, customer.accepted, witness.seen, verdict)


def settle(farm: RealFarm, accepted: list[str]) -> None:
    def all_ended() -> bool:
        return set(accepted) <= ended_jobs(farm.database).keys()

    # What has not ended by then is lost, and the verdict says so.
    with contextlib.suppress(AssertionError):
        wait_for(all_ended, within_s=SETTLED_WITHIN_S, every_s=0.5)


def judge(farm: RealFarm, accepted: list[str], seen: dict[str, tuple[object, ...]], verdict: Verdict) -> None:
    ended = ended_jobs(farm.database)
    verdict.accepted = len(accepted)
    verdict.ends.update(describe(ended[public_id]) for public_id in accepted if public_id in ended)
    verdict.lost = len(set(accepted) - ended.keys())
    verdict.changed = sum(ended.get(public_id) != facts for public_id, facts in seen.items())
    with farm.database.read() as session:
        texts = Counter(job_input["text"] for job_input in session.scalars(select(Job.input)))
    verdict.doubled = sum(count - 1 for count in texts.values())
    try:
        wait_for(lambda: not broken(farm, accepted), within_s=30, every_s=0.5)
    except AssertionError:
        verdict.broken = broken(farm, accepted)


def broken(farm: RealFarm, accepted: list[str]) -> list[str]:
    """What an audit finds, and what is left in the work folder when no step runs any more."""
    left = sorted(path.name for path in farm.settings.work_dir.glob("*"))
    return [*audit(farm.database, farm.storage, accepted), *(f"The work folder still holds {name}" for name in left)]


def describe(facts: tuple[object, ...]) -> str:
    status, *_, error_code = facts
    return f"{status} ({error_code})" if status == JobStatus.FAILED else str(status)


@contextlib.contextmanager
def ground_of(stack: str, chance: random.Random) -> Iterator[Ground]:
    with contextlib.ExitStack() as resources:
        home = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-chaos-"))) / "home"
        postgres = redis = None
        # The product's own default, not the short lease of the tests.
        environment = {"LEASE_TTL_S": "10"}
        if stack == "servers":
            postgres = resources.enter_context(PostgresServer())
            redis = resources.enter_context(RedisServer())
            environment |= {"DATABASE_URL": postgres.new_database(), "REDIS_URL": redis.url}
        farm = RealFarm(home, environment)
        resources.callback(farm.close)
        farm.wait_for_workers()
        broker = EmbeddedBroker(farm) if redis is None else TcpBroker(farm, redis)
        resources.callback(broker.close)
        yield Ground(farm, broker, postgres, chance)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def report(verdict: Verdict) -> None:
    ends = ", ".join(f"{count} {end}" for end, count in verdict.ends.most_common())
    say(f"\n{verdict.stack}, seed {verdict.seed}: {sum(verdict.faults.values())} faults in {verdict.minutes:g} minutes")
    say(f"  accepted {verdict.accepted}: {ends}")
    say(f"  lost {verdict.lost}, doubled {verdict.doubled}, changed {verdict.changed}, broken {len(verdict.broken)}")
    for finding in verdict.broken:
        say(f"    {finding}")
    say("  Every invariant held." if verdict.holds else "  NOT EVERY INVARIANT HELD.")


# Their names stand in what argparse says of a text that is no number.
def minutes(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError("must be a finite number above 0")
    return value


def jobs(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=minutes, default=10.0, help="for how long, on each stack (default 10)")
    parser.add_argument("--jobs", type=jobs, default=200, help="how many jobs are asked for meanwhile (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="which faults, in which order (default 1)")
    parser.add_argument("--stack", choices=[*STACKS, "both"], default="both")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last, on stdout")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    verdicts = []
    for stack in STACKS if arguments.stack == "both" else [arguments.stack]:
        verdict = Verdict(stack, arguments.seed, arguments.minutes)
        say(f"{stack}: a farm of its own is started.")
        with ground_of(stack, random.Random(arguments.seed)) as ground:
            soak(ground, verdict, arguments.jobs)
        report(verdict)
        verdicts.append(verdict)
    if arguments.json:
        print(json.dumps({verdict.stack: {**vars(verdict), "holds": verdict.holds} for verdict in verdicts}))
    sys.exit(0 if all(verdict.holds for verdict in verdicts) else 1)


if __name__ == "__main__":
    main()
