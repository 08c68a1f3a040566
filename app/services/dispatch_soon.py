"""Dispatch by a thread of its own, so that no request waits for it: many that come at once are served by one dispatch.

What a request has stored is safe without it. A dispatch that this process did not live to make is the dispatcher's.
"""

from __future__ import annotations

import atexit
import threading

import structlog

from app.services.dispatch import dispatch_now_or_later
from app.services.farm import Farm

log = structlog.get_logger()

# A dispatch that has been begun is seen to its end: a step that is marked as called and was not waits for seconds.
ENDS_WITHIN_S = 2.0
# Where there was nobody to call, workers are busy for longer than this: the next look serves all that came meanwhile.
RESTS_S = 0.02


class SoonDispatch:
    """`wake` after each commit that made a step ready. The thread begins with the first of them, after any fork."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    def wake(self) -> None:
        """Returns at once. What is ready now is called within moments, unless the limits hold it back."""
        # Set first: a dispatch that is under way looks again when it is done.
        self._wanted.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
                self._thread.start()
                atexit.register(self.end)

    def end(self) -> None:
        """Look once more, and wait till that is done."""
        self._ending.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(ENDS_WITHIN_S)

    def _run(self) -> None:
        while self._wanted.wait():
            # In this order: an end that comes between the two is not missed.
            self._wanted.clear()
            is_last = self._ending.is_set()
            rung = 0
            try:
                rung = dispatch_now_or_later(self._farm.database, self._farm.bell, self._farm.limits)
            except Exception:
                # The steps are for the dispatcher then, and this thread is for the requests that come.
                log.exception("dispatch_failed")
            if is_last:
                return
            if not rung:
                self._ending.wait(RESTS_S)
