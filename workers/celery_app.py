"""The Celery application of the workers: `celery --app workers.celery_app worker --queues cpu …`.

Every choice here has a measured reason: see docs/decisions/0002-celery-carries-the-database-remembers.md.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.concurrency.thread import TaskPool as ThreadPool
from kombu import Queue

from app.bootstrap import build_farm, build_storage, room_of
from app.domain.encoders import X264_UNTRIED, EncoderUnusable, choose_encoder
from app.domain.states import Pool
from app.media.clip import warm_up
from app.models.database import Database
from app.services.lost_workers import take_back_from_dead
from app.services.sweep_work import sweep_work
from config.logging import configure_logging
from config.settings import load_settings
from tasks.process import Process, enter_process
from workers.doorbell import CeleryBell
from workers.drain import Drain
from workers.heartbeat import LeaseHeartbeat
from workers.large_blocks import give_large_blocks_back
from workers.lost_children import LostChildren
from workers.pid_space import is_alive, pid_space
from workers.room_watch import RoomWatch
from workers.steady_connection import SteadyAMQP
from workers.supervisor import HAND_BACK_S
from workers.waking_threads import wake_when_done
from workers.worker_beat import WorkerBeat

settings = load_settings()

app = Celery("sceneworks", broker=settings.broker_url, include=["tasks.steps"], amqp=SteadyAMQP)
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
    # A clip's process takes about 310 MB; one that keeps much more than a large frame needs is replaced between steps,
    # and each one now and then, for the libraries below us may leak. Threads share their process and are left alone.
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


LOOK_FOR_LOST_EVERY_S = 0.5
# Rendering takes what the others leave: the API, the dispatcher and the soundtrack are a small share of the work, and
# each is waited for.
RENDERING_NICENESS = 5

# The name of this process's worker: set before the fork, so that the children have their parent's.
worker_name = ""
# What clips are made with: tried once, before the fork, and the same in every child.
encoder = X264_UNTRIED


def enter(on_hung: Callable[[], None] | None = None) -> None:
    """Wire this process for its tasks."""
    farm = build_farm(settings, CeleryBell(settings.broker_url), encoder)
    enter_process(Process(worker_name, farm, LeaseHeartbeat(farm.database, farm.lease_ttl_s, on_hung=on_hung)))


def end_this_child() -> None:
    # Whatever hangs here may hold any lock, so nothing is tidied: the pool replaces a child that has died, and what it
    # was at is handed back.
    os.kill(os.getpid(), signal.SIGKILL)


@signals.setup_logging.connect
def on_setup_logging(**_: Any) -> None:
    configure_logging(settings)
    # A line when a doorbell arrives and one when it is answered say less than our own `step_done`.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_process_init.connect
def on_child_started(**_: Any) -> None:
    # A service manager tells the whole group to stop (systemd does, and `timeout`). How a worker stops is for its own
    # process to say: it waits for its children, and hands back what they cannot finish.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(RENDERING_NICENESS)
    # Made after the fork: neither a connection pool nor a thread survives one.
    enter(end_this_child)


@signals.worker_init.connect
def on_worker_init(sender: Any = None, **_: Any) -> None:
    global worker_name, encoder
    # With the pid, for a worker and the one that replaces it may be there together; and with a part of its own, for
    # containers may share a host's name, and each has a process 1.
    worker_name = f"{sender.hostname}:{os.getpid()}-{secrets.token_hex(2)}"
    if issubclass(sender.pool_cls, ThreadPool):
        # Threads share this process, so there is no child to be told.
        enter()
    else:
        give_large_blocks_back()
        # Before the fork, so that the children share the compiled kernels and none compiles them in its first step.
        warm_up()
        # Imported here: it loads the codecs, which the workers that render nothing do without.
        from app.media.encoder_trial import try_encoder

        try:
            encoder = choose_encoder(settings.video_encoder, try_encoder)
        except EncoderUnusable as error:
            # Celery logs what a signal's handler raises and goes on; this it lets pass.
            raise SystemExit(str(error)) from None


@signals.worker_ready.connect
def on_worker_ready(sender: Any = None, **_: Any) -> None:
    controller = sender.controller
    queues = controller.app.amqp.queues.consume_from
    beat = WorkerBeat(
        settings.database_url,
        name=worker_name,
        pool=Pool(next(iter(queues))),
        slots=controller.concurrency,
        encoder=None if issubclass(controller.pool_cls, ThreadPool) else encoder,
        # To be drained is to be stopped: whoever keeps this worker running puts a fresh one in its place.
        on_drain=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    drain = Drain(settings.database_url, worker_name, settings.drain_grace_s)
    room_watch = RoomWatch(room_of(settings), controller, queue=next(iter(queues)))
    beat.start()
    room_watch.start()

    def on_shutting_down(**_: Any) -> None:
        room_watch.stop()
        beat.drain()
        drain.begin()

    def on_shutdown(**_: Any) -> None:
        drain.end()
        beat.stop()

    signals.worker_shutting_down.connect(on_shutting_down, weak=False)
    signals.worker_shutdown.connect(on_shutdown, weak=False)
    if controller.hub is not None:
        # Celery itself looks every five seconds, and not always at the moment of a death.
        controller.hub.call_repeatedly(LOOK_FOR_LOST_EVERY_S, controller.pool.maintain_pool)
        if isinstance(controller.pool, ThreadPool):
            wake_when_done(controller.hub, controller.pool)
    lost_children = LostChildren(settings.database_url, worker_name, settings.work_dir)
    signals.task_failure.connect(lost_children.on_task_failure, weak=False)
    # Last: with the database away they fail, and the worker must know how to stop all the same.
    build_storage(settings).sweep()
    database = Database(settings.database_url, pooled=False)
    # Before the sweep, which leaves alone what still counts as running.
    take_back_from_dead(database, pid_space(), is_alive)
    sweep_work(database, settings.work_dir)
