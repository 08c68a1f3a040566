"""Counts requests in the broker's Redis, which all processes and hosts of a farm share.

Each bucket is a sorted set of the requests of its last window, so that a rate holds for every window and not only for
those that begin with the minute. A set has no more members than its rate allows.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.domain.rates import Rate, RateState

log = structlog.get_logger()

# A caller must not wait for a Redis that is away or hangs. While it does, it is asked once in so many seconds.
ANSWER_WITHIN_S = 0.05
QUIET_AFTER_FAILURE_S = 1.0
PREFIX = "sceneworks:rate:"

# All buckets or none: a request that one of them has no room for is not counted in the others either. The clock is the
# server's, the same for everyone who asks. Times are microseconds, written out because Lua would round them.
# KEYS: the buckets. ARGV: the request (empty: only look), then the limit and the window (in µs) of each bucket.
COUNT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local counts = ARGV[1] ~= ''
for i, bucket in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', bucket, '-inf', string.format('%.0f', now - ARGV[2 * i + 1]))
  if redis.call('ZCARD', bucket) >= tonumber(ARGV[2 * i]) then counts = false end
end
local answer = {counts and 1 or 0}
for i, bucket in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  if counts then
    redis.call('ZADD', bucket, string.format('%.0f', now), ARGV[1])
    redis.call('PEXPIRE', bucket, math.ceil(window / 1000))
  end
  local used, reset = redis.call('ZCARD', bucket), 0
  local leaves_next = redis.call('ZRANGE', bucket, math.max(0, used - limit), math.max(0, used - limit), 'WITHSCORES')
  if leaves_next[2] then reset = tonumber(leaves_next[2]) + window - now end
  table.insert(answer, math.max(0, limit - used))
  table.insert(answer, reset)
end
return answer
"""


@dataclass(frozen=True)
class Bucket:
    """Requests that are counted together: whose they are (`owner`), the rate's `name` to the caller, the rate."""

    name: str
    owner: str
    rate: Rate

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.name}:{self.owner}"


@dataclass(frozen=True)
class Counted:
    """`fits`: there was room in every bucket, and the request was counted under `mark`; else in none."""

    fits: bool
    states: tuple[RateState, ...]
    buckets: tuple[Bucket, ...]
    mark: str


class RateCounter:
    """Answers in a moment, or not at all: then nothing is counted, and the log says so once until it answers again."""

    def __init__(self, broker_url: str) -> None:
        self._redis = Redis.from_url(
            # kombu's name for a unix socket is its own.
            broker_url.replace("redis+socket://", "unix://", 1),
            socket_timeout=ANSWER_WITHIN_S,
            socket_connect_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
            # It would cost each new connection two more questions.
            lib_name=None,
            lib_version=None,
        )
        self._count = self._redis.register_script(COUNT)
        self._guard = threading.Lock()
        self._is_away = False
        self._quiet_until = 0.0

    def count(self, buckets: Sequence[Bucket]) -> Counted | None:
        """Count one request in all the buckets if all have room; None when Redis does not answer."""
        return self._ask(buckets, uuid.uuid4().hex)

    def look(self, buckets: Sequence[Bucket]) -> tuple[RateState, ...] | None:
        """What is left, with nothing counted; None when Redis does not answer."""
        found = self._ask(buckets, "")
        return None if found is None else found.states

    def give_back(self, counted: Counted) -> None:
        """As if the request had not been."""
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for bucket in counted.buckets:
                pipeline.zrem(bucket.key, counted.mark)
            pipeline.execute()
        except (RedisError, OSError) as error:
            self._note_failure(error)

    def _ask(self, buckets: Sequence[Bucket], mark: str) -> Counted | None:
        if not buckets or time.monotonic() < self._quiet_until:
            return None
        arguments: list[str | int] = [mark]
        for bucket in buckets:
            arguments += [bucket.rate.requests, bucket.rate.window_s * 1_000_000]
        try:
            fits, *told = self._count(keys=[bucket.key for bucket in buckets], args=arguments)
        except (RedisError, OSError) as error:
            self._note_failure(error)
            return None
        self._note_success()
        states = tuple(
            RateState(bucket.name, bucket.rate, left, reset_us / 1e6)
            for bucket, left, reset_us in zip(buckets, told[::2], told[1::2], strict=True)
        )
        return Counted(bool(fits), states, tuple(buckets), mark)

    def _note_failure(self, error: Exception) -> None:
        with self._guard:
            self._quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
            was_away, self._is_away = self._is_away, True
        if not was_away:
            log.warning("rates_not_counted", reason=str(error))

    def _note_success(self) -> None:
        if not self._is_away:
            return
        with self._guard:
            was_away, self._is_away = self._is_away, False
        if was_away:
            log.info("rates_counted_again")
