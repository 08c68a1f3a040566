"""Why nothing moves, said while nothing moves: with a full disk or no worker the command must not look hung."""

from __future__ import annotations

import errno
import os
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from app.client import Client, ClientError, FarmUnreachable, Job, JobWait, Readiness
from app.domain.states import JobStatus
from workers.rendering.display import Display

# Some steps are silent for longer; asking a farm that is well then says nothing and costs next to nothing.
STILL_S = 10.0
ASK_EVERY_S = 3.0
# An answer that is on its way when the job ends is not worth waiting for.
LEAVE_WITHIN_S = 0.5
DISK_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))

NO_ANSWER = "the farm does not answer. It is asked again."
NO_WORKER = "no worker of the farm is alive. It goes on by itself when one is."


@dataclass(frozen=True)
class Reached:
    """How far a job is. A step that fails and is tried again moves the progress to and fro, but nothing onwards."""

    status: JobStatus
    waiting: JobWait | None
    queue_position: int | None
    steps_done: int
    progress: int

    @classmethod
    def by(cls, job: Job) -> Self:
        steps_done = sum(stage.done for stage in job.stages)
        return cls(job.status, job.waiting, job.queue_position, steps_done, job.progress)

    def is_passed_by(self, later: Reached) -> bool:
        before = (self.status, self.waiting, self.queue_position)
        has_turned = before != (later.status, later.waiting, later.queue_position)
        return has_turned or later.steps_done > self.steps_done or later.progress > self.progress


class Watchman:
    """Says a line when a job stands still, another when the reason changes, and one when it goes on.

    The caller's thread tells it what it `heard` of the job; a thread of its own asks the farm, over
    a client of its own, once nothing has moved for `still_s`.
    """

    def __init__(self, url: str, api_key: str | None, display: Display, *, still_s: float = STILL_S) -> None:
        # Without patience: to be told that nobody answers is what it asks for.
        self._client = Client(url, api_key, patience_s=0.0)
        self._display = display
        self._still_s = still_s
        self._reached: Reached | None = None
        self._moved_at = time.monotonic()
        self._told: str | None = None
        self._telling = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(LEAVE_WITHIN_S)

    def heard(self, job: Job) -> None:
        """The job as it is now."""
        reached = Reached.by(job)
        if self._reached is None or self._reached.is_passed_by(reached):
            self._reached, self._moved_at = reached, time.monotonic()
            self._tell(_why(reached))

    def _look_on(self) -> None:
        while not self._over.wait(min(ASK_EVERY_S, self._still_s)):
            reached, moved_at = self._reached, self._moved_at
            if reached is None or time.monotonic() - moved_at < self._still_s:
                continue
            reason = ask_why(self._client) or _why(reached)
            # What was true when it was asked is no longer so when the job has moved on in the meantime.
            if not self._over.is_set() and self._moved_at == moved_at:
                self._tell(reason)
        self._client.close()

    def _tell(self, reason: str | None) -> None:
        with self._telling:
            if reason != self._told:
                self._told = reason
                self._display.say("It goes on." if reason is None else f"Waiting: {reason}")


def ask_why(client: Client) -> str | None:
    """What keeps the farm from its work; None when nothing does, or when we may not know."""
    try:
        if reason := explain_faults(client.readiness()):
            return reason
        return None if client.has_live_workers() else NO_WORKER
    except FarmUnreachable:
        return NO_ANSWER
    except ClientError:
        # A key of another org may not see the workers; an older farm has no such address.
        return None


def explain_faults(readiness: Readiness) -> str | None:
    """The first part that is down, as a person understands it."""
    for part, found in readiness.faults.items():
        match part:
            case "storage" if any(said in found for said in DISK_FULL):
                return "the farm's disk is full. It goes on by itself when there is space."
            case "database" | "broker":
                return f"the farm's {part} does not answer. It goes on by itself when it does."
            case _:
                return f"the farm's {part} is not well. {found}"
    return None


def explain_wait(wait: JobWait, now: datetime) -> str:
    """The farm's own sentence, and in local time when it goes on: the hour alone when that is today."""
    if wait.resume_at is None:
        return wait.message
    at = wait.resume_at.astimezone(now.tzinfo)
    return f"{wait.message} It goes on at {at:%H:%M}" + ("." if at.date() == now.date() else f" on {at:%Y-%m-%d}.")


def _why(reached: Reached) -> str | None:
    return None if reached.waiting is None else explain_wait(reached.waiting, datetime.now().astimezone())
