"""What the API answers with, as OpenAPI describes it. Times are ISO 8601 in UTC, durations in seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer

from app.api.brand_schema import BrandKitObject
from app.api.template_schema import TemplateObject
from app.domain.descent import Relation
from app.domain.states import JobStatus, StepStatus
from app.domain.waits import WaitReason
from app.services.bulk import Done


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


class StepsSummary(BaseModel):
    adopted: int = Field(description="How many took over an earlier result instead of being done again.")
    done: int = Field(description="How many are finished, the adopted ones among them.")
    total: int = Field(description="How many are known so far; the script adds those of its scenes.")


class Parent(BaseModel):
    """The job that this one was made from."""

    id: str = Field(examples=["vid_9p3c1x7m2v0qz8k4"])
    relation: Relation


class Output(BaseModel):
    name: str = Field(examples=["video.mp4"])
    media_type: str = Field(examples=["video/mp4"])
    size_bytes: int
    sha256: str
    url: str = Field(description="Where to fetch it, relative to this server, with the same key.")
    signed_url: str = Field(
        description="The same for a while without a key, for who cannot send one: `<video>`, `<a>`, your customer."
    )


class JobError(BaseModel):
    code: str = Field(examples=["PROVIDER_REFUSED"])
    message: str
    retryable: bool = Field(description="Whether the same request may succeed later.")


class JobWait(BaseModel):
    """Why nothing of the job runs now. It goes on by itself, or, with `resume_at` null, when someone acts."""

    reason: WaitReason
    message: str = Field(examples=["The provider's rate window is full; the job goes on at its turn."])
    resume_at: Time | None = Field(description="When a step of it may begin again.")


class Job(BaseModel):
    """One request and how far it is. `succeeded`, `failed` and `canceled` are final."""

    id: str = Field(examples=["vid_4k8zq0v2m7x1c9p3"])
    kind: str = Field(examples=["video"])
    status: JobStatus
    priority: int = Field(description="1 to 5, 5 the most urgent.", examples=[3])
    stage: str | None = Field(
        description="What is being done now; null when the job has ended.", examples=["rendering"]
    )
    stages: list[Stage] = Field(description="All stages that are known so far, in order.")
    steps_summary: StepsSummary
    progress: int = Field(ge=0, le=100, description="Percent; 100 only when the outputs can be fetched.")
    queue_position: int | None = Field(
        description="1 starts next; 1000 is that place or one behind it; null once the job has started."
    )
    eta_seconds: int | None = Field(
        description="An estimate of the time left, of a queued job from what such steps took lately and from what is "
        "before it; null while it would be a guess."
    )
    cost_microcents: int = Field(
        description="What vendors have charged for it. Always 0 for now: what a language model's answer costs is not "
        "counted yet, and nothing else is bought."
    )
    title: str | None
    subject_id: str | None = Field(description="What the video is of, as the request named it.", examples=["post-42"])
    metadata: dict[str, Any]
    parent: Parent | None = Field(description="For a retry, a restart or a revision: of which job; null for others.")
    revision: int = Field(
        description="Each edit of a video has its own number, from 2; a retry or restart keeps its parent's."
    )
    correlation_id: str = Field(description="That of the request which made the job; in all of its log lines.")
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    waiting: JobWait | None = Field(description="What a job with the status `waiting` waits for.")
    error: JobError | None = Field(description="Why the job failed; null unless it did.")
    outputs: list[Output] = Field(
        description="What can be fetched: all of it once the job has succeeded, until then variants that are ready."
    )


class JobPage(BaseModel):
    items: list[Job] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class StepError(BaseModel):
    code: str = Field(examples=["PROVIDER_UNAVAILABLE"])
    message: str


class Step(BaseModel):
    """One unit of a job's work."""

    name: str = Field(description="Can be the `from_step` of a retry.", examples=["scene/3/image"])
    kind: str = Field(examples=["video.image"])
    status: StepStatus
    adopted: bool = Field(description="An earlier result with the same input was taken over.")
    fresh: bool = Field(description="It was asked for anew, so nothing is taken over.")
    attempts: int = Field(description="How often it was started.")
    started_at: Time | None = Field(description="Of the last attempt.")
    finished_at: Time | None
    error: StepError | None = Field(description="Why the last attempt failed; null if it did not.")


class StepList(BaseModel):
    items: list[Step] = Field(description="Each after the steps that it needs.")


class BulkResult(BaseModel):
    """What was done with one job."""

    id: str
    done: Done
    new_id: str | None = Field(description="The job that tries it again, if one does.")
    message: str | None = Field(description="Why it was skipped, if it was.")


class Bulk(BaseModel):
    """What a filter finds, and what was done with it."""

    count: int = Field(description="How many jobs the filter finds.")
    capped: bool = Field(description="They are more than one request acts on, which is 500: ask again for the rest.")
    results: list[BulkResult] | None = Field(description="Job by job, the oldest first; null when only counted.")


class Stopped(BaseModel):
    stopped: int = Field(description="How many jobs were canceled.")


class Asset(BaseModel):
    """A picture, a sound or a video of yours that videos can use."""

    id: str = Field(examples=["ast_0m3v9k2q8x7y1z4w"])
    kind: Literal["image", "audio", "video"]
    media_type: str = Field(description="By its content, whatever its name.", examples=["image/png"])
    size_bytes: int
    sha256: str
    width_px: int | None = Field(None, description="Pictures and videos, as they are shown.")
    height_px: int | None = Field(None, description="Pictures and videos, as they are shown.")
    duration_s: float | None = Field(None, description="Sounds and videos.")
    has_sound: bool | None = Field(None, description="Videos only.")
    is_hdr: bool | None = Field(None, description="Videos only: it is brought to standard range where it is shown.")
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


class TemplateSummary(BaseModel):
    name: str = Field(description="What `template` may be.", examples=["bulletin"])
    version: int = Field(description="Of the template; raised when it looks otherwise.", examples=[1])
    description: str = Field(examples=["A news desk: boxed captions, titles in a lower third."])


class TemplateList(BaseModel):
    items: list[TemplateSummary]


class BrandKitDeleted(BaseModel):
    deleted: bool = Field(description="Whether there was one.")


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


class StepListAnswer(Envelope):
    data: StepList


class JobPageAnswer(Envelope):
    data: JobPage


class BulkAnswer(Envelope):
    data: Bulk


class StoppedAnswer(Envelope):
    data: Stopped


class AssetAnswer(Envelope):
    data: Asset


class VoicesAnswer(Envelope):
    data: Voices


class TemplateListAnswer(Envelope):
    data: TemplateList


class BrandKitAnswer(Envelope):
    data: BrandKitObject


class BrandKitDeletedAnswer(Envelope):
    data: BrandKitDeleted


class TemplateAnswer(Envelope):
    data: TemplateObject


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
