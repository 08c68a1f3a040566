"""How many event streams this process holds open, and when they must end: each one occupies a thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from app.domain.errors import StreamsFull, TooManyStreams

DEFAULT_LIMIT = 24
# Proxies close what is silent for 30 to 60 s, and a client may take twice this for dead.
HEARTBEAT_S = 15.0
# A place is free within two seconds of when its client has gone.
RETRY_AFTER_S = 5


class Streams:
    """The web server's configuration sets `limit` by its threads and `is_closing` by its own state."""

    def __init__(self) -> None:
        self.limit = DEFAULT_LIMIT
        self.heartbeat_s = HEARTBEAT_S
        self.is_closing: Callable[[], bool] = lambda: False
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()

    @property
    def share(self) -> int:
        """What one organisation may hold of them, so that none shuts out all others."""
        return max(1, self.limit // 2)

    def take(self, org_id: int) -> Callable[[], None]:
        """Take a place and get what gives it back, once.

        TooManyStreams when the organisation has its share, StreamsFull when the last place is taken.
        """
        with self._lock:
            if self._open[org_id] >= self.share:
                raise TooManyStreams(
                    f"Your organisation holds {self.share} of this server's {self.limit} event streams open, and may "
                    "hold no more. Close one of them, or ask for the job itself now and then.",
                    RETRY_AFTER_S,
                    limit=self.share,
                )
            if self._open.total() >= self.limit:
                raise StreamsFull(
                    f"All organisations together hold this server's {self.limit} event streams open. Try again "
                    "soon, or ask for the job itself now and then."
                )
            self._open[org_id] += 1
        given_back = threading.Event()

        def give_back() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self._open[org_id] -= 1
                    if not self._open[org_id]:
                        del self._open[org_id]

        return give_back
