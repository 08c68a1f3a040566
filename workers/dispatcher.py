"""`python -m workers.dispatcher`: calls ready steps each second and puts right what deaths have left behind.

Any number may run at once, on any host; none of them is needed for a step that follows another on a live worker.
"""

from __future__ import annotations

import signal
import threading

import structlog

from app.models.database import Database, is_connection_trouble
from app.services.dispatch import dispatch
from app.services.farm import Bell
from app.services.recover import recover
from config.logging import configure_logging
from config.settings import load_settings
from workers.doorbell import CeleryBell

log = structlog.get_logger()

DISPATCH_EVERY_S = 1.0


def run(database: Database, bell: Bell, stopped: threading.Event) -> None:
    """Sweep and dispatch until `stopped`; what fails in one round is tried again in the next."""
    while not stopped.wait(DISPATCH_EVERY_S):
        try:
            recover(database)
            dispatch(database, bell)
        except Exception as error:
            log.warning(
                "dispatcher_round_failed",
                reason=str(error).splitlines()[0],
                exc_info=not is_connection_trouble(error),
            )


def main() -> None:
    settings = load_settings()
    configure_logging(settings)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    database = Database(settings.database_url)
    log.info("dispatcher_started")
    run(database, CeleryBell(settings.broker_url), stopped)
    database.close()
    log.info("dispatcher_stopped")


if __name__ == "__main__":
    main()
