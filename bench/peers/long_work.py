"""The same task for every peer: say when it was begun, then be at work for longer than anyone looks on."""

from __future__ import annotations

import os
import time

import redis

REDIS_URL = os.environ.get("PEER_REDIS_URL", "")
# A list of times (seconds since the epoch), one for each time that the task was begun.
STARTS = "starts"
# Shorter than the three minutes after which rq ends a job by itself.
WORK_S = 170.0


def work_long() -> None:
    with redis.Redis.from_url(REDIS_URL) as connection:
        connection.rpush(STARTS, time.time())
    time.sleep(WORK_S)
