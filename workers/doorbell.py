"""Doorbells as Celery messages: a task's name, a queue and a step's id."""

from __future__ import annotations

import time

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from app.domain.errors import ServiceUnavailable
from app.services.farm import Doorbell

# A caller of the API must not wait for a broker that is away; the dispatcher rings again.
ANSWER_WITHIN_S = 0.5
QUIET_AFTER_FAILURE_S = 1.0


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

    def ring(self, doorbell: Doorbell) -> None:
        if time.monotonic() < self._quiet_until:
            raise ServiceUnavailable("The broker did not answer a moment ago.")
        try:
            self._sender.send_task(
                doorbell.kind, args=(doorbell.step_id,), queue=doorbell.pool.value, ignore_result=True, retry=False
            )
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
