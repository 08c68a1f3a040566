"""A worker's way back to its broker, at one pace however long the broker is away.

Kombu waits two seconds longer after each try, up to half a minute: after an hour without a broker a worker would
leave its first doorbells unanswered for that long.
"""

from __future__ import annotations

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection

TRY_EVERY_S = 2.0


class SteadyConnection(Connection):
    """A connection that is tried again at a steady pace."""

    def ensure_connection(self, *args: Any, **options: Any) -> Connection:
        steady = {"interval_start": TRY_EVERY_S, "interval_step": 0.0, "interval_max": TRY_EVERY_S}
        return super().ensure_connection(*args, **{**steady, **options})


class SteadyAMQP(AMQP):
    """What Celery makes its connections with."""

    Connection = SteadyConnection
