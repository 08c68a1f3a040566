"""rq, its job allowed to be tried again (by default it is not). Run as a program, it sends one job."""

from __future__ import annotations

import redis
from rq import Queue, Retry

from bench.peers.long_work import REDIS_URL

if __name__ == "__main__":
    with redis.Redis.from_url(REDIS_URL) as connection:
        Queue(connection=connection).enqueue("bench.peers.long_work.work_long", retry=Retry(max=3))
