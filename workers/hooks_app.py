"""The Celery application of the workers that send webhooks: `celery --app workers.hooks_app worker --queues hooks …`.

Apart from the one that does steps, whose libraries for pictures and sound take another 100 MB.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from celery import signals

from app.domain.states import Pool
from app.models.database import Database
from app.services.farm_secret import farm_secret
from app.services.sealing import Sealer
from app.webhooks.exchange import Exchange
from app.webhooks.target import Guard
from config.settings import load_settings
from tasks.hooks import on_doorbell
from workers.celery_settings import make_app, name_of
from workers.delivery_loop import DeliveryLoop
from workers.worker_beat import WorkerBeat

settings = load_settings()
app = make_app(settings, tasks="tasks.hooks")


# Before there is a connection to the broker: what is due goes without one too.
@signals.celeryd_after_setup.connect
def on_worker_set_up(instance: Any = None, **_: Any) -> None:
    slots = instance.concurrency
    sealer = Sealer(farm_secret(settings.secret, settings.secret_file))
    exchange = Exchange(Guard(settings.webhook_allow_networks))
    database = Database(settings.database_url)
    loop = DeliveryLoop(database, sealer, exchange, slots)
    beat = WorkerBeat(
        settings.database_url,
        name=name_of(instance),
        pool=Pool.HOOKS,
        slots=slots,
        # To be drained is to be stopped: whoever keeps this worker running puts a fresh one in its place.
        on_drain=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    on_doorbell(loop.wake)
    beat.start()
    loop.start()

    def on_shutting_down(**_: Any) -> None:
        loop.stop_claiming()
        beat.drain()

    def on_shutdown(**_: Any) -> None:
        loop.stop(settings.drain_grace_s)
        exchange.close()
        database.close()
        beat.stop()

    signals.worker_shutting_down.connect(on_shutting_down, weak=False)
    signals.worker_shutdown.connect(on_shutdown, weak=False)
