"""One look at the database for all event streams of a process: whose job has changed, and who is not welcome any more.

A stream that waits costs nothing by itself. The look is taken by a thread that lives as long as there are followers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from app.models.database import Database, first_line
from app.services.credentials import still_welcome
from app.services.job_pulses import Pulse, read_pulses

log = structlog.get_logger()

POLL_S = 0.3


class Follower:
    """Who follows a job, let in by which credential. `is_welcome` ends when that does."""

    def __init__(self, job_id: str, credential: str) -> None:
        self.job_id = job_id
        self.credential = credential
        self.is_welcome = True
        self._pulse: Pulse | None = None
        self._news = threading.Event()

    def wait(self, seconds: float) -> None:
        """Until there may be something new, or so long."""
        self._news.wait(seconds)
        # Before the look that follows: what changes during that look is news again.
        self._news.clear()

    def forget(self) -> None:
        """What was new could not be looked at: whatever the watch sees next is new again."""
        self._pulse = None

    def wake(self) -> None:
        self._news.set()

    def notice(self, pulse: Pulse | None, *, is_welcome: bool) -> None:
        if pulse != self._pulse or not is_welcome:
            self._pulse, self.is_welcome = pulse, is_welcome
            self.wake()


class Watch:
    """`is_closing` says that the server is stopping: then everyone is woken."""

    def __init__(self, database: Database, is_closing: Callable[[], bool]) -> None:
        self._database = database
        self._is_closing = is_closing
        self._lock = threading.Lock()
        self._followers: set[Follower] = set()
        self._is_running = False
        self._is_blind = False

    @contextmanager
    def follow(self, job_id: str, credential: str) -> Iterator[Follower]:
        follower = Follower(job_id, credential)
        with self._lock:
            self._followers.add(follower)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="watch", daemon=True).start()
        try:
            yield follower
        finally:
            with self._lock:
                self._followers.remove(follower)

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

    def _try_to_look(self, followers: list[Follower]) -> None:
        try:
            self._look(followers)
            self._is_blind = False
        except Exception as error:
            # Whatever it was, the streams depend on this thread, and the next look may go well.
            if not self._is_blind:
                log.warning("streams_wait_for_database", streams=len(followers), reason=first_line(error))
            self._is_blind = True

    def _look(self, followers: list[Follower]) -> None:
        pulses = read_pulses(self._database, {follower.job_id for follower in followers})
        welcome = still_welcome(self._database, {follower.credential for follower in followers})
        for follower in followers:
            follower.notice(pulses.get(follower.job_id), is_welcome=follower.credential in welcome)
