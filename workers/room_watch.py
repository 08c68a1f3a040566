"""A worker takes no doorbell while its host has no room for the work: others may have, and nothing is done in vain.

Asked once a second and set right whenever the two disagree, so that a broker that comes back does not bring the
doorbells with it.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog

from app.services.room import Room

log = structlog.get_logger()

LOOK_EVERY_S = 1.0


class RoomWatch:
    """Stops and starts the consuming of `queue` by a Celery worker, as its disks fill up and are emptied."""

    def __init__(self, room: Room, controller: Any, queue: str) -> None:
        self._room, self._controller, self._queue = room, controller, queue
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="room-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """From here on nothing starts consuming again: the worker is going."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            try:
                self._set_right()
            except Exception as error:
                # While the broker is away there is no consumer to be set right.
                log.debug("room_not_watched", reason=str(error).splitlines()[:1])

    def _set_right(self) -> None:
        consumer = self._controller.consumer
        full = self._room.full_folder()
        if consumer.task_consumer.consuming_from(self._queue) == (full is None):
            return
        if full is None:
            log.info("worker_has_room_again", queue=self._queue)
            consumer.call_soon(consumer.add_task_queue, self._queue)
        else:
            log.warning("worker_has_no_room", queue=self._queue, full=full)
            # Not the consumer's own cancel_task_queue, which forgets the queue for every later connection.
            consumer.call_soon(consumer.task_consumer.cancel_by_queue, self._queue)
