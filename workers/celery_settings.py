"""What all Celery applications of the farm have in common: the one that does steps, and the one that sends webhooks.

Every choice here has a measured reason: see docs/decisions/0002-celery-carries-the-database-remembers.md.
"""

from __future__ import annotations

import logging
import os
import secrets
from typing import Any

from celery import Celery, signals
from kombu import Queue

from app.domain.states import Pool
from config.logging import configure_logging
from config.settings import Settings
from workers.steady_connection import SteadyAMQP
from workers.supervisor import HAND_BACK_S


def make_app(settings: Settings, tasks: str) -> Celery:
    """An application with the tasks of one module."""
    app = Celery("sceneworks", broker=settings.broker_url, include=[tasks], amqp=SteadyAMQP)
    app.conf.update(
        task_queues=[Queue(pool.value) for pool in Pool],
        task_default_queue=Pool.IO.value,
        # A doorbell that is lost is rung again, so nothing is gained by acknowledging late, and much is lost.
        task_acks_late=False,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=True,
        # For SIGQUIT, which is not to be cut short either: by then our own drain has handed everything back.
        worker_soft_shutdown_timeout=settings.drain_grace_s + HAND_BACK_S,
        # A clip's process takes about 310 MB; one that keeps much more than a large frame needs is replaced between
        # steps, and each one now and then, for the libraries below us may leak. Threads share their process and are
        # left alone.
        worker_max_memory_per_child=1_500_000,
        worker_max_tasks_per_child=5_000,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 5,
        },
    )

    @signals.setup_logging.connect(weak=False)
    def on_setup_logging(**_: Any) -> None:
        configure_logging(settings)
        # A line when a doorbell arrives and one when it is answered say less than our own `step_done`.
        for name in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(name).setLevel(logging.WARNING)

    return app


def name_of(worker: Any) -> str:
    """A name for this process's worker in the database.

    With the pid, for a worker and the one that replaces it may be there together; and with a part of its own, for
    containers may share a host's name, and each has a process 1.
    """
    return f"{worker.hostname}:{os.getpid()}-{secrets.token_hex(2)}"
