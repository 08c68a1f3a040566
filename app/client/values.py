"""What goes to a farm and what comes back, as values. Fields that a newer farm adds are passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from app.client.errors import NotAFarm
from app.domain.effects import Effect
from app.domain.sources import Background, Footage
from app.domain.states import JobStatus

T = TypeVar("T")


@dataclass(frozen=True)
class SceneRequest:
    """At most one of `image` (an asset id), `background` and `video`; with none the scene's picture is painted."""

    text: str
    title: str | None = None
    image: str | None = None
    background: Background | None = None
    video: Footage | None = None
    effect: Effect | None = None


@dataclass(frozen=True)
class CaptionBox:
    """A filled box behind the letters; `colour` is `#RRGGBB`, `opacity` up to 1."""

    colour: str | None = None
    opacity: float | None = None


@dataclass(frozen=True)
class Captions:
    """How captions look; None leaves the choice to the farm. Colours are `#RRGGBB`.

    `mode` is `word`, `line` or `off`; `size` is `small`, `medium` or `large`; `position` is `top`, `middle` or
    `bottom`. A `box` takes the outline's place. `font` is `inter`, `manrope`, `fraunces` or `sofia-condensed`.
    """

    mode: str | None = None
    size: str | None = None
    colour: str | None = None
    highlight_colour: str | None = None
    outline_colour: str | None = None
    position: str | None = None
    uppercase: bool | None = None
    box: CaptionBox | None = None
    font: str | None = None


@dataclass(frozen=True)
class Teaser:
    """A few seconds of the video in a loop; `formats` are `gif` and `webp`. None leaves the choice to the farm."""

    formats: tuple[str, ...] | None = None
    start_s: float | None = None
    duration_s: float | None = None
    width_px: int | None = None


@dataclass(frozen=True)
class Variants:
    """What else is to come of the job. `sizes` are written as `VideoRequest.size` is; a `preview` comes first; `audio`
    is `m4a`, `mp3` or both.
    """

    sizes: tuple[str, ...] | None = None
    preview: bool | None = None
    teaser: Teaser | None = None
    audio: tuple[str, ...] | None = None


@dataclass(frozen=True)
class VideoRequest:
    """What `POST /api/videos` takes; None leaves the choice to the farm. Give one of `text`, `scenes`, `prompt`.

    `size` is `1080x1920` or a named ratio; `captions` a mode alone or a look; `template` a name or a whole one, as
    `Client.template` gives it; `brand` whether the brand kit is used; `images` and `music` are asset ids; scenes
    without a picture show `background`, if there is one, and scenes that name no effect have `effect`; `metadata` comes
    back with the job; of one `subject_id` one job is live at a time; `priority` is 1 to 5, 5 the most urgent.
    """

    text: str | None = None
    scenes: tuple[SceneRequest, ...] | None = None
    prompt: str | None = None
    title: str | None = None
    size: str | None = None
    fps: int | None = None
    language: str | None = None
    voice: str | None = None
    captions: str | Captions | None = None
    template: str | Mapping[str, Any] | None = None
    brand: bool | None = None
    images: tuple[str, ...] | None = None
    background: Background | None = None
    effect: Effect | None = None
    music: str | None = None
    seed: int | None = None
    variants: Variants | None = None
    subject_id: str | None = None
    priority: int | None = None
    metadata: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        request: dict[str, Any] = without_none(self)
        return request


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


def without_none(value: Any) -> Any:
    """A value as JSON, with the fields that were set, at every depth."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: without_none(it) for name, it in value.items() if it is not None}
    return [without_none(it) for it in value] if isinstance(value, list | tuple) else value


def time_of(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
