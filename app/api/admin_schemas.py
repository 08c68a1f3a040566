"""What operators ask for and are answered: pools, workers, what is stuck, the canary."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.api.moments import Moment
from app.api.schemas import Envelope, Time
from app.api.strict import Strict
from app.domain.encoders import EncoderName
from app.domain.states import StepStatus
from app.domain.stuck import StuckReason


class PauseRequest(Strict):
    reason: str = Field(min_length=1, max_length=500, description="Why; the jobs that wait for it can be explained.")
    until: Moment | None = Field(None, description="When the pause ends by itself; without it someone must resume.")


PAUSE_EXAMPLES = {
    "open": {"summary": "Until someone resumes it", "value": {"reason": "The disk is being changed."}},
}


class Pause(BaseModel):
    reason: str
    since: Time
    until: Time | None = Field(description="When it ends by itself; null when someone must resume it.")


class PoolState(BaseModel):
    """A pool's hands and its work. A `ready` step may begin, a `waiting` one may not yet.

    The pool `hooks` has no steps: its numbers are deliveries of webhooks.
    """

    name: str = Field(examples=["cpu"])
    workers: int = Field(description="Workers that are there and take new work.")
    slots: int = Field(description="How many steps they can be at together.")
    running: int
    ready: int
    waiting: int
    oldest_age_s: float | None = Field(description="How long the oldest ready step has waited to begin.")
    paused: Pause | None


class PoolList(BaseModel):
    items: list[PoolState]


class WorkerEncoder(BaseModel):
    name: EncoderName = Field(examples=["nvenc"])
    why: str = Field(description="Why it is this one: what came of the test encodes when the worker started.")


class WorkerState(BaseModel):
    name: str = Field(examples=["cpu@host:4711"])
    pool: str = Field(examples=["cpu"])
    host: str
    pid: int
    slots: int
    running: int = Field(description="Steps that it is at.")
    version: str
    started_at: Time
    beat_at: Time = Field(description="When it was last heard of.")
    is_alive: bool = Field(description="Whether that was within the last half minute.")
    draining_at: Time | None = Field(description="Since when it takes nothing more; null while it does.")
    encoder: WorkerEncoder | None = Field(description="What it makes clips with; null when it makes none.")


class WorkerList(BaseModel):
    items: list[WorkerState]


class Status(BaseModel):
    version: str
    workers: list[WorkerState] = Field(description="By pool and name.")


class StuckStep(BaseModel):
    job_id: str = Field(examples=["vid_4k8zq0v2m7x1c9p3"])
    step: str = Field(examples=["scene/3/clip"])
    kind: str = Field(examples=["video.clip"])
    pool: str
    status: StepStatus
    reason: StuckReason
    worker: str | None = Field(description="Who is at it; null when nobody is.")
    since: Time = Field(description="When it was found.")


class StuckList(BaseModel):
    items: list[StuckStep] = Field(description="The longest stuck first, 200 at most. Looked for every five seconds.")


class Canary(BaseModel):
    every_s: float = Field(description="How often one is sent (CANARY_EVERY_S); 0 when none is.")
    last_started_at: Time | None
    last_success_at: Time | None = Field(description="When a canary last came out at the end.")
    last_duration_s: float | None = Field(description="How long that one took.")
    last_failure_at: Time | None
    last_failure: str | None


class PoolAnswer(Envelope):
    data: PoolState


class PoolListAnswer(Envelope):
    data: PoolList


class WorkerAnswer(Envelope):
    data: WorkerState


class WorkerListAnswer(Envelope):
    data: WorkerList


class StatusAnswer(Envelope):
    data: Status


class StuckListAnswer(Envelope):
    data: StuckList


class CanaryAnswer(Envelope):
    data: Canary
