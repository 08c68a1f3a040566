"""What operators see of a farm: pools, workers, stuck steps, the canary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.client.values import time_of


@dataclass(frozen=True)
class Pause:
    """`until` is when it ends by itself; None when someone must resume the pool."""

    reason: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Pool:
    """How many workers and slots it has, and how many of its steps run, may begin, and may not begin yet."""

    name: str
    workers: int
    slots: int
    running: int
    ready: int
    waiting: int
    oldest_age_s: float | None
    paused: Pause | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        paused = value["paused"]
        if paused is not None:
            since = datetime.fromisoformat(paused["since"])
            paused = Pause(paused["reason"], since, time_of(paused["until"]))
        return cls(
            name=value["name"],
            workers=value["workers"],
            slots=value["slots"],
            running=value["running"],
            ready=value["ready"],
            waiting=value["waiting"],
            oldest_age_s=value["oldest_age_s"],
            paused=paused,
        )


@dataclass(frozen=True)
class WorkerEncoder:
    """What a worker makes clips with, and why it is this one."""

    name: str
    why: str


@dataclass(frozen=True)
class Worker:
    """`is_alive`: it was heard of within the last half minute, at `beat_at`; `running`: how many steps it is at.

    `encoder` is None when it makes no clips.
    """

    name: str
    pool: str
    slots: int
    running: int
    version: str
    beat_at: datetime
    is_alive: bool
    draining_at: datetime | None
    encoder: WorkerEncoder | None = None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        encoder = value.get("encoder")
        return cls(
            name=value["name"],
            pool=value["pool"],
            slots=value["slots"],
            running=value["running"],
            version=value["version"],
            beat_at=datetime.fromisoformat(value["beat_at"]),
            is_alive=value["is_alive"],
            draining_at=time_of(value["draining_at"]),
            encoder=None if encoder is None else WorkerEncoder(encoder["name"], encoder["why"]),
        )


@dataclass(frozen=True)
class FarmStatus:
    version: str
    workers: tuple[Worker, ...]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["version"], tuple(map(Worker.from_json, value["workers"])))


@dataclass(frozen=True)
class StuckStep:
    """A step that does not get on, found at `since`; `worker` is who is at it, if anybody is."""

    job_id: str
    step: str
    pool: str
    reason: str
    worker: str | None
    since: datetime

    @classmethod
    def from_json(cls, value: Any) -> Self:
        since = datetime.fromisoformat(value["since"])
        return cls(value["job_id"], value["step"], value["pool"], value["reason"], value["worker"], since)


@dataclass(frozen=True)
class Canary:
    """`every_s` is how often the farm makes a video for itself, 0 for never; None for what has not happened yet."""

    every_s: float
    last_started_at: datetime | None
    last_success_at: datetime | None
    last_duration_s: float | None
    last_failure_at: datetime | None
    last_failure: str | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            every_s=value["every_s"],
            last_started_at=time_of(value["last_started_at"]),
            last_success_at=time_of(value["last_success_at"]),
            last_duration_s=value["last_duration_s"],
            last_failure_at=time_of(value["last_failure_at"]),
            last_failure=value["last_failure"],
        )
