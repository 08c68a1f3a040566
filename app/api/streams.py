"""How many event streams this process holds open, and when they must end: each one occupies a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.domain.errors import ServiceUnavailable

DEFAULT_LIMIT = 24
# Proxies close what is silent for 30 to 60 s, and a client may take twice this for dead.
HEARTBEAT_S = 15.0


class Streams:
    """The web server's configuration sets `limit` by its threads and `is_closing` by its own state."""

    def __init__(self) -> None:
        self.limit = DEFAULT_LIMIT
        self.heartbeat_s = HEARTBEAT_S
        self.is_closing: Callable[[], bool] = lambda: False
        self._lock = threading.Lock()
        self._open = 0

    def take(self) -> Callable[[], None]:
        """Take a place and get what gives it back, once; ServiceUnavailable when the last one is taken."""
        with self._lock:
            if self._open >= self.limit:
                raise ServiceUnavailable(
                    f"This server holds {self.limit} event streams open already. Ask for the job itself now and then."
                )
            self._open += 1
        given_back = threading.Event()

        def give_back() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self._open -= 1

        return give_back
