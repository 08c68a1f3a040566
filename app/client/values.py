"""What comes back from a farm, as values. Fields that a newer farm adds are passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from app.client.errors import NotAFarm
from app.domain.states import JobStatus

T = TypeVar("T")


@dataclass(frozen=True)
class Asset:
    """An uploaded file; `kind` is `image`, `audio` or `video`."""

    id: str
    kind: str
    media_type: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["id"], value["kind"], value["media_type"])


@dataclass(frozen=True)
class Stage:
    """Steps of one stage: how many are known and how many are done."""

    name: str
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True)
class JobError:
    """Why a job failed; `retryable`: the same request may succeed another time."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True)
class JobWait:
    """Why a job with the status `waiting` waits; `resume_at` None when someone must act."""

    reason: str
    message: str
    resume_at: datetime | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["reason"], value["message"], time_of(value["resume_at"]))


@dataclass(frozen=True)
class Readiness:
    """Whether a farm can work. `faults`: a sentence for each of its parts that is down."""

    faults: Mapping[str, str]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls({str(part): str(found) for part, found in value["checks"].items() if found != "ok"})


@dataclass(frozen=True)
class JobParent:
    """The job that another was made from; `relation` is `retry`, `restart` or `revision`."""

    id: str
    relation: str


@dataclass(frozen=True)
class Output:
    """A finished file of a job. `signed_url` is a path on the farm that needs no key for a while."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    signed_url: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["name"], value["media_type"], value["size_bytes"], value["sha256"], value["signed_url"])


@dataclass(frozen=True)
class Job:
    """`progress` is 0 to 100 and 100 only when succeeded; `eta_seconds` is None while it is anybody's guess.

    `revision` is 1 for a video that was asked for, and another number for each edit of it.
    """

    id: str
    kind: str
    status: JobStatus
    stage: str | None
    stages: tuple[Stage, ...]
    progress: int
    queue_position: int | None
    eta_seconds: int | None
    title: str | None
    metadata: Mapping[str, str]
    correlation_id: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: JobError | None
    outputs: tuple[Output, ...]
    waiting: JobWait | None = None
    parent: JobParent | None = None
    revision: int = 1
    subject_id: str | None = None
    cost_microcents: int = 0

    @property
    def is_terminal(self) -> bool:
        return self.status.is_terminal

    @classmethod
    def from_json(cls, value: Any) -> Self:
        error, waiting, parent = value["error"], value.get("waiting"), value.get("parent")
        return cls(
            id=value["id"],
            kind=value["kind"],
            status=JobStatus(value["status"]),
            stage=value["stage"],
            stages=tuple(Stage(stage["name"], stage["done"], stage["total"]) for stage in value["stages"]),
            progress=value["progress"],
            queue_position=value["queue_position"],
            eta_seconds=value["eta_seconds"],
            title=value["title"],
            metadata=value["metadata"],
            correlation_id=value["correlation_id"],
            created_at=datetime.fromisoformat(value["created_at"]),
            started_at=time_of(value["started_at"]),
            finished_at=time_of(value["finished_at"]),
            error=None if error is None else JobError(error["code"], error["message"], error["retryable"]),
            outputs=tuple(Output.from_json(output) for output in value["outputs"]),
            waiting=None if waiting is None else JobWait.from_json(waiting),
            parent=None if parent is None else JobParent(parent["id"], parent["relation"]),
            revision=value.get("revision", 1),
            subject_id=value.get("subject_id"),
            cost_microcents=value.get("cost_microcents", 0),
        )

    def output(self, name: str) -> Output | None:
        return next((output for output in self.outputs if output.name == name), None)


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job; `seq` counts from 1."""

    seq: int
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Language:
    """`tag` is what `VideoRequest.language` takes."""

    tag: str
    name: str


@dataclass(frozen=True)
class Voices:
    """What a farm can speak; each voice speaks every language."""

    provider: str
    languages: tuple[Language, ...]
    voices: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        languages = tuple(Language(language["tag"], language["name"]) for language in value["languages"])
        return cls(value["provider"], languages, tuple(value["voices"]))


def understand(read: Callable[[Any], T], value: Any) -> T:
    """`read(value)`; NotAFarm when the answer is not made as a farm's is."""
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAFarm(f"The farm's answer cannot be understood ({error!r}); it may be of another version.") from error


def time_of(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
