"""dramatiq, which acknowledges late and tries again by itself. Run as a program, it sends one message."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers.long_work import REDIS_URL, work_long

dramatiq.set_broker(RedisBroker(url=REDIS_URL))


@dramatiq.actor(actor_name="work")
def work() -> None:
    work_long()


if __name__ == "__main__":
    work.send()
