"""What the API answers with, as OpenAPI describes it. Times are ISO 8601 in UTC, durations in seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer

from app.domain.states import JobStatus


def iso_time(at_s: float) -> str:
    """Epoch seconds as `2026-01-31T09:30:00.123Z`, which every language's date parser reads."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[
    datetime,
    BeforeValidator(lambda at_s: datetime.fromtimestamp(at_s, UTC)),
    PlainSerializer(lambda at: iso_time(at.timestamp()), return_type=str),
]


class Stage(BaseModel):
    name: str = Field(examples=["rendering"])
    done: int = Field(description="How many of its steps are finished.")
    total: int


class Output(BaseModel):
    name: str = Field(examples=["video.mp4"])
    media_type: str = Field(examples=["video/mp4"])
    size_bytes: int
    sha256: str
    url: str = Field(description="Where to fetch it, relative to this server, with the same key.")


class JobError(BaseModel):
    code: str = Field(examples=["PROVIDER_REFUSED"])
    message: str
    retryable: bool = Field(description="Whether the same request may succeed later.")


class Job(BaseModel):
    """One request and how far it is. `succeeded`, `failed` and `canceled` are final."""

    id: str = Field(examples=["vid_4k8zq0v2m7x1c9p3"])
    kind: str = Field(examples=["video"])
    status: JobStatus
    stage: str | None = Field(
        description="What is being done now; null when the job has ended.", examples=["rendering"]
    )
    stages: list[Stage] = Field(description="All stages that are known so far, in order.")
    progress: int = Field(ge=0, le=100, description="Percent; 100 only when the outputs can be fetched.")
    queue_position: int | None = Field(description="1 starts next; null once the job has started.")
    eta_seconds: int | None = Field(description="An estimate of the time left; null while it would be a guess.")
    title: str | None
    metadata: dict[str, Any]
    correlation_id: str = Field(description="That of the request which made the job; in all of its log lines.")
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: JobError | None = Field(description="Why the job failed; null unless it did.")
    outputs: list[Output] = Field(description="Empty until the job has succeeded.")


class JobPage(BaseModel):
    items: list[Job] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class Asset(BaseModel):
    """A picture or a sound of yours that videos can use."""

    id: str = Field(examples=["ast_0m3v9k2q8x7y1z4w"])
    kind: Literal["image", "audio"]
    media_type: str = Field(description="By its content, whatever its name.", examples=["image/png"])
    size_bytes: int
    sha256: str
    width_px: int | None = Field(None, description="Pictures only.")
    height_px: int | None = Field(None, description="Pictures only.")
    duration_s: float | None = Field(None, description="Sounds only.")
    sample_rate_hz: int | None = Field(None, description="Sounds only.")
    channels: int | None = Field(None, description="Sounds only.")
    created_at: Time


class Language(BaseModel):
    tag: str = Field(examples=["pt-br"])
    name: str = Field(examples=["Portuguese (Brazil)"])


class Voices(BaseModel):
    provider: str = Field(examples=["espeak"])
    languages: list[Language] = Field(description="What `language` may be.")
    voices: list[str] = Field(description="What `voice` may be; each speaks every language.")


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`checks` says `ok`, or a sentence about what is wrong, for each part."""

    status: Literal["ready", "unavailable"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "storage": "ok", "broker": "ok"}])


class Envelope(BaseModel):
    ok: Literal[True] = Field(True, description="Whether the request did what was asked.")
    correlation_id: str


class JobAnswer(Envelope):
    data: Job


class JobPageAnswer(Envelope):
    data: JobPage


class AssetAnswer(Envelope):
    data: Asset


class VoicesAnswer(Envelope):
    data: Voices


class Error(BaseModel):
    """The answer to every request that failed, whatever failed."""

    ok: Literal[False] = False
    error_code: str = Field(description="For programs.", examples=["INVALID_INPUT"])
    message: str = Field(description="For people.", examples=["fps: Must be 24, 25, 30 or 60."])
    correlation_id: str
    details: dict[str, Any] = Field(description="`field` names what was wrong, where a field was.")


class Problem(BaseModel):
    """The same as RFC 9457 has it, for `Accept: application/problem+json`."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    error_code: str
    correlation_id: str
    details: dict[str, Any]


class JobQuery(BaseModel):
    """Query parameters arrive as text, so numbers are read from it; an unknown one is an error all the same."""

    model_config = {"extra": "forbid"}

    limit: int = Field(20, ge=1, le=100, description="How many jobs at most.")
    starting_after: str | None = Field(None, max_length=64, description="A job's id: the page of older jobs behind it.")
    ending_before: str | None = Field(None, max_length=64, description="A job's id: the page of newer jobs before it.")
    status: JobStatus | None = Field(None, description="Only jobs with this status.")
