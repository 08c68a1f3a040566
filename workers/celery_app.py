"""The Celery application of the workers: `celery --app workers.celery_app worker --queues cpu …`.

Every choice here has a measured reason: see docs/decisions/0002-celery-carries-the-database-remembers.md.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery, signals
from celery.concurrency.thread import TaskPool as ThreadPool
from kombu import Queue

from app.bootstrap import build_farm
from app.domain.states import Pool
from app.media.clip import warm_up
from app.models.database import Database
from app.services.sweep_work import sweep_work
from config.logging import configure_logging
from config.settings import load_settings
from tasks.process import Process, enter_process
from workers.doorbell import CeleryBell
from workers.heartbeat import LeaseHeartbeat
from workers.worker_beat import WorkerBeat

settings = load_settings()

app = Celery("sceneworks", broker=settings.broker_url, include=["tasks.steps"])
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
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
    },
)


def enter() -> None:
    """Wire this process for its tasks."""
    farm = build_farm(settings, CeleryBell(settings.broker_url))
    enter_process(Process(farm, LeaseHeartbeat(farm.database, farm.lease_ttl_s)))


@signals.setup_logging.connect
def on_setup_logging(**_: Any) -> None:
    configure_logging(settings)
    # A line when a doorbell arrives and one when it is answered say less than our own `step_done`.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_process_init.connect
def on_child_started(**_: Any) -> None:
    # Made after the fork: neither a connection pool nor a thread survives one.
    enter()


@signals.worker_init.connect
def on_worker_init(sender: Any = None, **_: Any) -> None:
    if issubclass(sender.pool_cls, ThreadPool):
        # Threads share this process, so there is no child to be told.
        enter()
    else:
        # Before the fork, so that the children share the compiled kernels and none compiles them in its first step.
        warm_up()


@signals.worker_ready.connect
def on_worker_ready(sender: Any = None, **_: Any) -> None:
    controller = sender.controller
    queues = controller.app.amqp.queues.consume_from
    beat = WorkerBeat(
        settings.database_url,
        name=f"{controller.hostname}:{os.getpid()}",
        pool=Pool(next(iter(queues))),
        slots=controller.concurrency,
    )
    beat.start()
    sweep_work(Database(settings.database_url, pooled=False), settings.work_dir)
    signals.worker_shutdown.connect(lambda **_: beat.stop(), weak=False)
