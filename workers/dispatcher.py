"""`python -m workers.dispatcher`: calls ready steps each second and puts right what deaths have left behind.

Any number may run at once, on any host; none of them is needed for a step that follows another on a live worker.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import structlog

from app.bootstrap import build_farm
from app.models.database import first_line, is_connection_trouble
from app.services.canary import send_canary
from app.services.count_storage import count_storage_now_and_then
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.find_stuck import find_stuck
from app.services.hold_back import decide_anew
from app.services.idempotency import sweep_records
from app.services.lost_workers import take_back_from_dead
from app.services.recover import recover
from app.services.settle_jobs import settle_jobs
from app.services.standstill import Standstill
from app.services.sweep_uploads import sweep_uploads_now_and_then
from app.services.webhook_progress import tell_progress
from app.services.webhook_sweep import sweep_webhooks_now_and_then
from config.logging import configure_logging
from config.settings import load_settings
from workers.doorbell import CeleryBell
from workers.pid_space import is_alive, pid_space

log = structlog.get_logger()

DISPATCH_EVERY_S = 1.0
LOOK_FOR_STUCK_EVERY_ROUNDS = 5
TELL_PROGRESS_EVERY_ROUNDS = 2
KEEP_HOUSE_EVERY_ROUNDS = 15


def run(farm: Farm, stopped: threading.Event) -> None:
    """Sweep and dispatch until `stopped`; what fails in one round is tried again in the next."""
    chores: list[Callable[[], object]] = [
        lambda: take_back_from_dead(farm.database, pid_space(), is_alive),
        lambda: recover(farm.database),
        lambda: dispatch(farm.database, farm.bell, farm.limits),
        lambda: settle_jobs(farm.database),
        lambda: send_canary(farm),
    ]
    is_first, rounds, standstill = True, 0, Standstill()
    while not stopped.wait(DISPATCH_EVERY_S):
        is_first = is_first and not _attempt(lambda: decide_anew(farm.database))
        for chore in chores:
            _attempt(chore)
        rounds += 1
        if rounds % LOOK_FOR_STUCK_EVERY_ROUNDS == 0:
            _attempt(lambda: find_stuck(farm.database, farm.lease_ttl_s, farm.limits, standstill))
        if rounds % TELL_PROGRESS_EVERY_ROUNDS == 0:
            _attempt(lambda: tell_progress(farm.database))
        if rounds % KEEP_HOUSE_EVERY_ROUNDS == 0:
            _attempt(lambda: count_storage_now_and_then(farm.database))
            _attempt(lambda: sweep_records(farm.database))
            _attempt(lambda: sweep_uploads_now_and_then(farm.database, farm.storage))
            _attempt(lambda: sweep_webhooks_now_and_then(farm.database))


def _attempt(chore: Callable[[], object]) -> bool:
    """Whether it went well. One chore that fails keeps no other from being done."""
    try:
        chore()
    except Exception as error:
        log.warning(
            "dispatcher_chore_failed",
            reason=first_line(error),
            exc_info=not is_connection_trouble(error),
        )
        return False
    return True


def main() -> None:
    settings = load_settings()
    configure_logging(settings)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    farm = build_farm(settings, CeleryBell(settings.broker_url))
    log.info("dispatcher_started")
    run(farm, stopped)
    farm.database.close()
    log.info("dispatcher_stopped")


if __name__ == "__main__":
    main()
