"""A thread that looks at the database for all event streams of one kind in a process, while there are any."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import structlog

from app.models.database import Database, first_line

log = structlog.get_logger()

# A look is one query of a fraction of a millisecond, for all streams of a process together.
POLL_S = 0.1
# So long a stream may hold a thread for a client that has gone.
LOOK_FOR_CLIENT_S = 1.0


class Waiting:
    """A stream that waits for something new. `is_welcome` ends when the credential that let it in does."""

    def __init__(self, credential: str) -> None:
        self.credential = credential
        self.is_welcome = True
        self._news = threading.Event()

    def wait(self, seconds: float, is_gone: Callable[[], bool]) -> None:
        """Until there may be something new, or the client is gone, or so long."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0 and not is_gone():
            if self._news.wait(min(left_s, LOOK_FOR_CLIENT_S)):
                break
        # Before the look that follows: what changes during that look is news again.
        self._news.clear()

    def wake(self) -> None:
        self._news.set()


F = TypeVar("F", bound=Waiting)


class Watching(ABC, Generic[F]):
    """`is_closing` says that the server is stopping: then everyone is woken."""

    def __init__(self, database: Database, is_closing: Callable[[], bool]) -> None:
        self.database = database
        self._is_closing = is_closing
        self._lock = threading.Lock()
        self._followers: set[F] = set()
        self._is_running = False
        self._is_blind = False

    @abstractmethod
    def look(self, followers: list[F]) -> None:
        """Tell each of them what is new. The next look is taken whatever this one raises."""

    @contextmanager
    def joined(self, follower: F) -> Iterator[F]:
        with self._lock:
            self._followers.add(follower)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name=type(self).__name__, daemon=True).start()
        try:
            yield follower
        finally:
            with self._lock:
                self._followers.remove(follower)

    def followers(self) -> list[F]:
        with self._lock:
            return list(self._followers)

    def _run(self) -> None:
        while True:
            time.sleep(POLL_S)
            with self._lock:
                followers = list(self._followers)
                if not followers:
                    self._is_running = False
                    return
            if self._is_closing():
                for follower in followers:
                    follower.wake()
                continue
            self._try_to_look(followers)

    def _try_to_look(self, followers: list[F]) -> None:
        try:
            self.look(followers)
            self._is_blind = False
        except Exception as error:
            # Whatever it was, the streams depend on this thread, and the next look may go well.
            if not self._is_blind:
                log.warning("streams_wait_for_database", streams=len(followers), reason=first_line(error))
            self._is_blind = True
