"""How long a peer leaves a task undone whose worker was killed: each trial on a Redis database of its own."""

from __future__ import annotations

import os
import queue
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.kept_worker import ROOT, KeptWorker
from bench.peers.install import install_peers
from bench.peers.long_work import STARTS, WORK_S
from tests.waiting import wait_for

# A Redis has 16 databases unless it is told otherwise; the farm has the first.
DATABASES = range(1, 16)
FIRST_START_WITHIN_S = 90.0
KILLED_WITHIN_S = 5.0
POLL_S = 0.05


@dataclass(frozen=True)
class Peer:
    """A queue to compare with: what starts its worker, and what sends it one task."""

    name: str
    worker: tuple[str, ...]
    send: tuple[str, ...]


def find_peers() -> tuple[Peer, ...]:
    """Celery is the farm's own; the others are installed beside it."""
    programs = install_peers()
    python = str(programs / "python")
    return (
        Peer(
            "celery",
            (sys.executable, "-m", "celery", "--app", "bench.peers.celery_app", "worker"),
            (sys.executable, "-m", "bench.peers.celery_app"),
        ),
        Peer(
            "dramatiq",
            (str(programs / "dramatiq"), "bench.peers.dramatiq_app"),
            (python, "-m", "bench.peers.dramatiq_app"),
        ),
        Peer(
            "rq",
            (str(programs / "rq"), "worker"),
            (python, "-m", "bench.peers.rq_app"),
        ),
    )


def peer_recoveries_s(
    server_url: str, folder: Path, kills: int, limit_s: float, chance: random.Random
) -> dict[str, list[float | None]]:
    """For each peer the seconds from each kill to the task's next start; None where that was not within `limit_s`.

    The trials run side by side, for they wait nearly all the time.
    """
    assert limit_s + KILLED_WITHIN_S < WORK_S
    databases: queue.SimpleQueue[int] = queue.SimpleQueue()
    for database in DATABASES:
        databases.put(database)

    def trial(peer: Peer, number: int, pause_s: float) -> float | None:
        database = databases.get()
        url = f"{server_url.rsplit('/', 1)[0]}/{database}"
        found = recovery_s(peer, url, folder / f"{peer.name}-{number}.log", pause_s, limit_s)
        databases.put(database)
        return found

    peers = find_peers()
    with ThreadPoolExecutor(len(DATABASES)) as threads:
        # Their numbers by turns, so that every peer has its share of the databases from the start.
        running = [
            (peer.name, threads.submit(trial, peer, number, chance.uniform(0, KILLED_WITHIN_S)))
            for number in range(kills)
            for peer in peers
        ]
    return {peer.name: [it.result() for name, it in running if name == peer.name] for peer in peers}


def recovery_s(peer: Peer, url: str, log: Path, pause_s: float, limit_s: float) -> float | None:
    """Start one task, kill its worker `pause_s` after that, and wait for the task to be started again."""
    environment = {**os.environ, "PEER_REDIS_URL": url, "RQ_REDIS_URL": url, "PYTHONPATH": str(ROOT)}
    with redis.Redis.from_url(url, decode_responses=True) as connection:
        connection.flushdb()
        subprocess.run(peer.send, cwd=ROOT, env=environment, check=True)
        with KeptWorker(peer.worker, environment, log) as worker:
            wait_for(lambda: connection.llen(STARTS) == 1, FIRST_START_WITHIN_S, POLL_S, f"{peer.name} to begin")
            time.sleep(pause_s)
            killed_at = time.time()
            worker.kill_and_replace()
            try:
                wait_for(lambda: connection.llen(STARTS) > 1, killed_at + limit_s - time.time(), POLL_S)
            except AssertionError:
                return None
            starts: Sequence[str] = connection.lrange(STARTS, 0, -1)
    return float(starts[1]) - killed_at
