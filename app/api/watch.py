"""One look at the database for all streams of single jobs: whose job has changed, and who is not welcome any more.

A stream that waits costs nothing by itself.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from app.api.watching import Waiting, Watching
from app.services.credentials import still_welcome
from app.services.job_pulses import Pulse, read_pulses


class Follower(Waiting):
    """Who follows a job, let in by which credential."""

    def __init__(self, job_id: str, credential: str) -> None:
        super().__init__(credential)
        self.job_id = job_id
        self._pulse: Pulse | None = None

    def forget(self) -> None:
        """What was new could not be looked at: whatever the watch sees next is new again."""
        self._pulse = None

    def notice(self, pulse: Pulse | None, *, is_welcome: bool) -> None:
        if pulse != self._pulse or not is_welcome:
            self._pulse, self.is_welcome = pulse, is_welcome
            self.wake()


class Watch(Watching[Follower]):
    def follow(self, job_id: str, credential: str) -> AbstractContextManager[Follower]:
        return self.joined(Follower(job_id, credential))

    def look(self, followers: list[Follower]) -> None:
        pulses = read_pulses(self.database, {follower.job_id for follower in followers})
        welcome = still_welcome(self.database, {follower.credential for follower in followers})
        for follower in followers:
            follower.notice(pulses.get(follower.job_id), is_welcome=follower.credential in welcome)
