"""The Celery application of the workers that do steps: `celery --app workers.celery_app worker --queues cpu …`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from celery import signals
from celery.concurrency.thread import TaskPool as ThreadPool

from app.bootstrap import build_farm, build_storage, room_of
from app.domain.encoders import X264_UNTRIED, EncoderUnusable, choose_encoder
from app.domain.states import Pool
from app.media.clip import warm_up
from app.models.database import Database
from app.services.lost_workers import take_back_from_dead
from app.services.sweep_work import sweep_work
from config.settings import load_settings
from tasks.process import Process, enter_process
from workers.celery_settings import make_app, name_of
from workers.doorbell import CeleryBell
from workers.drain import Drain
from workers.heartbeat import LeaseHeartbeat
from workers.large_blocks import give_large_blocks_back
from workers.lost_children import LostChildren
from workers.pid_space import is_alive, pid_space
from workers.room_watch import RoomWatch
from workers.waking_threads import wake_when_done
from workers.worker_beat import WorkerBeat

settings = load_settings()

app = make_app(settings, tasks="tasks.steps")

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
    worker_name = name_of(sender)
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
