"""Doorbells as Celery messages: a task's name, a queue and a step's id; for webhooks not even that."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from app.domain.errors import ServiceUnavailable
from app.domain.states import Pool
from app.services.farm import Doorbell
from tasks.hooks import DELIVER

# A caller of the API must not wait for a broker that is away; the dispatcher rings again.
ANSWER_WITHIN_S = 0.5
QUIET_AFTER_FAILURE_S = 1.0
# One bell for all that is written in this time: whoever answers it looks again soon after (workers.delivery_loop).
ONE_BELL_FOR_S = 0.1
MOST_UNHEARD = 10


class CeleryBell:
    """Publishes at once or says that it cannot; after a failure it stays quiet for a second."""

    def __init__(self, broker_url: str) -> None:
        self._sender = Celery("sceneworks-bell", broker=broker_url, set_as_current=False)
        self._sender.conf.update(
            task_ignore_result=True,
            broker_connection_timeout=ANSWER_WITHIN_S,
            broker_transport_options={
                "socket_timeout": ANSWER_WITHIN_S,
                "socket_connect_timeout": ANSWER_WITHIN_S,
                "retry_on_timeout": False,
                # A publisher consumes nothing, so it has nothing of its own to restore.
                "max_retries": 0,
            },
        )
        self._quiet_until = 0.0
        self._hooks_rung_at = float("-inf")

    def ring(self, doorbell: Doorbell) -> None:
        self._send(doorbell.kind, doorbell.pool, doorbell.step_id)

    def ring_hooks(self) -> None:
        now = time.monotonic()
        if now - self._hooks_rung_at < ONE_BELL_FOR_S:
            return
        self._hooks_rung_at = now
        # Without it the message goes a second later.
        with contextlib.suppress(ServiceUnavailable):
            if self._unheard_by_hooks() < MOST_UNHEARD:
                self._send(DELIVER, Pool.HOOKS)

    def _unheard_by_hooks(self) -> int:
        """How many bells wait for a hooks worker: where none runs they would fill the broker, for they say nothing."""
        with self._or_quiet(), self._sender.pool.acquire() as connection:
            return int(connection.default_channel.client.llen(Pool.HOOKS.value))

    def _send(self, task: str, pool: Pool, *arguments: int) -> None:
        with self._or_quiet():
            self._sender.send_task(task, args=arguments, queue=pool.value, ignore_result=True, retry=False)

    @contextlib.contextmanager
    def _or_quiet(self) -> Iterator[None]:
        """ServiceUnavailable when the broker does not answer in the block, and at once for a second from then on."""
        if time.monotonic() < self._quiet_until:
            raise ServiceUnavailable("The broker did not answer a moment ago.")
        try:
            yield
        except (KombuError, RedisError, OSError) as error:
            self._quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
            raise ServiceUnavailable("The broker does not answer.") from error

    def check(self) -> None:
        """Raise ServiceUnavailable when the broker does not answer a ping."""
        try:
            with self._sender.connection_for_write() as connection:
                connection.default_channel.client.ping()
        except (KombuError, RedisError, OSError) as error:
            raise ServiceUnavailable("The broker does not answer.") from error
