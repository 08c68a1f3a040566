"""A deadline over a whole exchange: at its end the socket is shut down, whoever waits on it.

A socket's own timeout begins anew with each byte that comes, so that a receiver which sends one now and then holds a
thread for as long as it likes.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Deadlines:
    """Shuts sockets down when their time has come: one thread for all of them, which runs while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, socket.socket]] = []
        self._open: set[int] = set()
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._is_closing = False

    @contextmanager
    def over(self, connection: socket.socket, ends_at: float) -> Iterator[None]:
        """While the block runs, `connection` ends at that time of the monotonic clock.

        What is watched is a duplicate: TLS takes the socket's descriptor over while it shakes hands.
        """
        watched = connection.dup()
        number = next(self._numbers)
        with self._changed:
            self._open.add(number)
            heapq.heappush(self._due, (ends_at, number, watched))
            self._see_to_the_thread()
            if self._due[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._open.discard(number)
            watched.close()

    def close(self) -> None:
        """End the thread. Blocks that run still have no deadline any more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _see_to_the_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhook-deadlines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while not self._is_closing:
                while self._due and self._due[0][1] not in self._open:
                    heapq.heappop(self._due)
                left_s = self._due[0][0] - time.monotonic() if self._due else None
                if left_s is None or left_s > 0:
                    self._changed.wait(left_s)
                    continue
                _, number, watched = heapq.heappop(self._due)
                self._open.discard(number)
                _shut_down(watched)


def _shut_down(watched: socket.socket) -> None:
    try:
        watched.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The receiver was quicker.
        pass
