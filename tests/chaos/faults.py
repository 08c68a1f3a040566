"""What is done to the farm, one fault a function. Each leaves the farm whole again, but for what the farm must mend."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import select, text

from app.client import ClientError
from app.models import Job
from app.models.job import IS_LIVE
from tests.brokers import Broker
from tests.real_farm import UP_WITHIN_S, RealFarm
from tests.servers import PostgresServer
from tests.waiting import wait_for
from tests.worker_faults import frozen_worker

BROKER_AWAY_S = (1.0, 12.0)
BROKER_FROZEN_S = (1.0, 8.0)
DATABASE_AWAY_S = (1.0, 15.0)
# Longer than a writer waits for the lock, so that some give up.
DATABASE_LOCKED_S = (2.0, 20.0)
FROZEN_PAST_LEASE_S = (1.0, 4.0)


@dataclass(frozen=True)
class Ground:
    """What the faults happen to; `postgres` is None where the database is a file."""

    farm: RealFarm
    broker: Broker
    postgres: PostgresServer | None
    chance: random.Random

    def pause(self, between_s: tuple[float, float]) -> None:
        time.sleep(self.chance.uniform(*between_s))

    def kill(self, pids: Sequence[int], number: signal.Signals = signal.SIGKILL, *, group: bool = False) -> None:
        """One of them, if there is any: the farm may be putting a new one in its place at this moment."""
        if not pids:
            return
        with contextlib.suppress(ProcessLookupError):
            pid = self.chance.choice(list(pids))
            os.killpg(os.getpgid(pid), number) if group else os.kill(pid, number)


Fault = Callable[[Ground], None]


def kill_a_pool_child(ground: Ground) -> None:
    """kill -9 of a process that works, as the kernel's OOM killer does"""
    ground.kill(sorted(ground.farm.pids("--queues cpu"))[1:])


def kill_a_worker(ground: Ground) -> None:
    """kill -9 of a worker with all its processes"""
    pool = ground.chance.choice(["cpu", "io"])
    ground.kill(sorted(ground.farm.pids(f"--queues {pool}"))[:1], group=True)


def deploy_a_worker(ground: Ground) -> None:
    """SIGTERM of a worker, as a deploy does"""
    pool = ground.chance.choice(["cpu", "io"])
    ground.kill(sorted(ground.farm.pids(f"--queues {pool}"))[:1], signal.SIGTERM)


def kill_the_dispatcher(ground: Ground) -> None:
    """kill -9 of the dispatcher"""
    ground.kill(ground.farm.pids("workers.dispatcher"))


def kill_the_api(ground: Ground) -> None:
    """kill -9 of the API's processes"""
    for pid in ground.farm.pids("gunicorn"):
        ground.kill([pid])


def kill_the_broker(ground: Ground) -> None:
    """kill -9 of the broker, which stays away for a while"""
    with ground.broker.away():
        ground.pause(BROKER_AWAY_S)


def freeze_the_broker(ground: Ground) -> None:
    """SIGSTOP of the broker for a while"""
    with ground.broker.frozen():
        ground.pause(BROKER_FROZEN_S)


def empty_the_broker(ground: Ground) -> None:
    """FLUSHALL: the broker loses every doorbell"""
    # It may be coming back from the last fault at this moment, with nothing to lose.
    with contextlib.suppress(RedisError):
        ground.broker.empty()


def freeze_a_worker(ground: Ground) -> None:
    """SIGSTOP of the CPU worker past its lease, then SIGCONT"""
    wait_for(lambda: ground.farm.pids("--queues cpu"), within_s=UP_WITHIN_S, what="a worker")
    with frozen_worker(ground.farm, "cpu"):
        time.sleep(ground.farm.settings.lease_ttl_s)
        ground.pause(FROZEN_PAST_LEASE_S)


def kill_the_farm(ground: Ground) -> None:
    """kill -9 of the supervisor, and with it of everything; then scripts/up again"""
    ground.farm.process.kill()
    ground.farm.process.wait()
    ground.farm.start()


def cancel_a_job(ground: Ground) -> None:
    """a customer cancels a job"""
    with ground.farm.database.read() as session:
        live = session.scalars(select(Job.public_id).where(text(IS_LIVE)).limit(50)).all()
    if live:
        # It may have ended meanwhile, and the API may be away.
        with contextlib.suppress(ClientError), ground.farm.client() as client:
            client.cancel(ground.chance.choice(live))


def cut_the_databases_connections(ground: Ground) -> None:
    """every database connection is ended"""
    assert ground.postgres is not None
    ground.postgres.cut_connections()


def stop_the_database(ground: Ground) -> None:
    """the database dies, and is away for a while"""
    assert ground.postgres is not None
    with ground.postgres.away():
        ground.pause(DATABASE_AWAY_S)


def lock_the_database(ground: Ground) -> None:
    """someone holds the database's write lock for a while"""
    path = ground.farm.settings.database_url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        ground.pause(DATABASE_LOCKED_S)
        connection.execute("ROLLBACK")


# How often each comes, by weight: what happens most in service, most often.
EVERYWHERE: dict[Fault, int] = {
    kill_a_pool_child: 5,
    kill_a_worker: 4,
    deploy_a_worker: 4,
    kill_the_dispatcher: 3,
    kill_the_api: 3,
    kill_the_broker: 3,
    freeze_the_broker: 2,
    empty_the_broker: 2,
    freeze_a_worker: 2,
    kill_the_farm: 1,
    cancel_a_job: 5,
}
ON_POSTGRESQL: dict[Fault, int] = {cut_the_databases_connections: 3, stop_the_database: 2}
ON_SQLITE: dict[Fault, int] = {lock_the_database: 2}


def faults_of(ground: Ground) -> dict[Fault, int]:
    return EVERYWHERE | (ON_SQLITE if ground.postgres is None else ON_POSTGRESQL)
