"""Requests of one process take turns: those that came first are answered first, and few are worked on at once.

Python runs one thread at a time. Where all 32 threads of a process work on their requests together, each is interrupted
by all others: none is done sooner, and some take three times as long as the median. Measured with 32 callers
(`bench.api`): the 99th percentile of a POST fell from 480 to 185 ms and of a GET from 205 to 95 ms, at the same rate.

What waits for something else than Python (a slow body, a database that is away) keeps nobody waiting for long: a turn
that lasts is given on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

# Several times what the longest ordinary request takes when three are worked on.
LONGEST_TURN_S = 0.05


class Turns:
    """At most `at_once` blocks run at a time, in the order in which they came, apart from those that take long."""

    def __init__(self, at_once: int, longest_s: float = LONGEST_TURN_S) -> None:
        self._at_once = at_once
        self._longest_s = longest_s
        self._lock = threading.Lock()
        # Those that have a turn, by when they got it; those that wait for one, the first to come first.
        self._running: dict[object, float] = {}
        self._waiting: deque[tuple[object, threading.Lock]] = deque()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, and have it while the block runs, or until it has lasted too long."""
        turn = object()
        self._take(turn)
        try:
            yield
        finally:
            with self._lock:
                if self._running.pop(turn, None) is not None:
                    self._pass_on()

    def _take(self, turn: object) -> None:
        with self._lock:
            if not self._waiting and len(self._running) < self._at_once:
                self._running[turn] = time.monotonic()
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append((turn, called))
        # Whoever came first gives up waiting first, and looks whether a turn has been forgotten.
        while not called.acquire(timeout=self._longest_s):
            self._end_long_ones()

    def _end_long_ones(self) -> None:
        with self._lock:
            long_before = time.monotonic() - self._longest_s
            for turn in [turn for turn, since in self._running.items() if since <= long_before]:
                del self._running[turn]
                self._pass_on()

    def _pass_on(self) -> None:
        """A place is free: call the one who has waited longest. Under the lock."""
        if self._waiting and len(self._running) < self._at_once:
            turn, called = self._waiting.popleft()
            self._running[turn] = time.monotonic()
            called.release()


def in_turns(application: Callable[..., Iterable[bytes]], turns: Turns) -> Callable[..., Iterable[bytes]]:
    """A WSGI application whose requests take turns until their answer begins: a stream or a download holds none."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with turns.one():
            return application(environ, start_response)

    return call
