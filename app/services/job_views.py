"""Jobs as their owners see them: how far they are, their events and their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.estimate import queued_seconds, whole_seconds
from app.domain.plan import StepKind
from app.domain.progress import estimate_remaining_s, percent
from app.domain.states import JobStatus
from app.domain.waits import Wait, WaitReason
from app.models import Artifact, Job, JobEvent, Step
from app.models.database import Database
from app.models.event import CORRELATION_ID
from app.services.job_facts import JobFacts, JobRow, KindCount, OutputView, job_columns, read_facts

# The stages a person is told of, in the order in which a job goes through them.
STAGE_OF_KIND = {
    "video.script": "writing",
    "video.narration": "speaking",
    "video.image": "drawing",
    "video.clip": "rendering",
    "video.card": "rendering",
    "video.soundtrack": "mixing",
    "video.assemble": "assembling",
    "video.audio": "mixing",
    "video.teaser": "assembling",
    "video.check": "checking",
    "video.gate": "checking",
}
STAGES = tuple(dict.fromkeys(STAGE_OF_KIND.values()))


@dataclass(frozen=True)
class StageView:
    """Steps of one stage: how many there are and how many are done."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class StepsSummary:
    """How many steps are known, how many of them are done, and how many of those were adopted from before."""

    adopted: int
    done: int
    total: int


@dataclass(frozen=True)
class ParentView:
    """The job that another was made from. `relation` is `retry`, `restart` or `revision`."""

    id: str
    relation: str


@dataclass(frozen=True)
class ErrorView:
    code: str
    message: str
    retryable: bool


@dataclass(frozen=True)
class WaitView:
    """Why a waiting job waits, for programs and for people; `resume_at` None when someone must act."""

    reason: WaitReason
    message: str
    resume_at: float | None


@dataclass(frozen=True)
class JobView:
    """`progress` is 0 to 100 and 100 only when succeeded; times are epoch seconds; `eta_seconds` None while unknown.

    `seen_at` is when this was so.
    """

    id: str
    org_id: int
    seen_at: float
    kind: str
    status: JobStatus
    priority: int
    stage: str | None
    stages: tuple[StageView, ...]
    steps_summary: StepsSummary
    progress: int
    queue_position: int | None
    eta_seconds: int | None
    cost_microcents: int
    title: str | None
    subject_id: str | None
    labels: dict[str, Any]
    parent: ParentView | None
    revision: int
    correlation_id: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    waiting: WaitView | None
    error: ErrorView | None
    outputs: tuple[OutputView, ...]


@dataclass(frozen=True)
class EventView:
    """`correlation_id` is of the request that caused it: one that acted on the job, else the one that made it."""

    seq: int
    type: str
    at: float
    data: dict[str, Any]
    correlation_id: str


@dataclass(frozen=True)
class ArtifactView:
    name: str
    sha256: str
    size_bytes: int
    media_type: str
    title: str | None


FIND_JOB = job_columns().where(Job.public_id == bindparam("job"), Job.org_id == bindparam("org"))


def get_job(database: Database, org_id: int, public_id: str) -> JobView:
    """NotFound for another org's job as for one that never was."""
    with database.read() as session:
        job = session.connection().execute(FIND_JOB, {"job": public_id, "org": org_id}).one_or_none()
        if job is None:
            raise _no_such_job()
        return view_of(job, read_facts(session, [job]), job.now)


def events_after(database: Database, org_id: int, public_id: str, seq: int, limit: int = 500) -> list[EventView]:
    """The job's events that follow number `seq`, in order."""
    with database.read() as session:
        job = find_job(session, org_id, public_id)
        rows = session.scalars(
            select(JobEvent).where(JobEvent.job_id == job.id, JobEvent.seq > seq).order_by(JobEvent.seq).limit(limit)
        )
        return [_event(event, job) for event in rows]


def _event(event: JobEvent, job: Job) -> EventView:
    data = dict(event.data)
    correlation_id = data.pop(CORRELATION_ID, job.correlation_id)
    return EventView(event.seq, event.type, event.at, data, correlation_id)


def get_artifact(database: Database, org_id: int, public_id: str, name: str) -> ArtifactView:
    """A published output; NotFound while the job has not succeeded, unless it is a variant that has been checked."""
    with database.read() as session:
        job = find_job(session, org_id, public_id)
        row = session.execute(_public(job).where(Artifact.name == name)).scalar_one_or_none()
        if row is None:
            raise NotFound("This job has no such output.")
        return ArtifactView(row.name, row.sha256, row.size_bytes, row.media_type, job.title)


def find_job(session: Session, org_id: int, public_id: str) -> Job:
    job = session.execute(select(Job).where(Job.public_id == public_id, Job.org_id == org_id)).scalar_one_or_none()
    if job is None:
        raise _no_such_job()
    return job


def _no_such_job() -> NotFound:
    return NotFound("There is no such job.")


def view_job(session: Session, job: Job, now: float) -> JobView:
    """The view of a loaded job at the database's time `now`."""
    session.flush()
    return view_of(job, read_facts(session, [job]), now)


def view_of(job: JobRow, facts: JobFacts, now: float) -> JobView:
    """The view of a job of which the `facts` tell, at the database's time `now`."""
    status = JobStatus(job.status)
    counts = facts.steps.get(job.id, [])
    stages = _stages(counts)
    done_share = (job.work_done + sum(count.running_work for count in counts)) / job.work_total if job.work_total else 0
    # Before the script is cut the graph is one step long: its share says nothing about the whole.
    is_planned = len(stages) > 1
    elapsed_s = None if job.started_at is None else (job.finished_at or now) - job.started_at
    remaining_s = estimate_remaining_s(done_share, elapsed_s) if is_planned and status == JobStatus.RUNNING else None
    eta_seconds = None if remaining_s is None else round(remaining_s)
    if facts.outlook is not None and status == JobStatus.QUEUED:
        eta_seconds = whole_seconds(queued_seconds(job.video_s, facts.places[job.id], facts.outlook))
    error = None
    if job.error_code is not None:
        error = ErrorView(job.error_code, job.error_message or "", bool(job.error_retryable))
    return JobView(
        id=job.public_id,
        org_id=job.org_id,
        seen_at=now,
        kind=job.kind,
        status=status,
        priority=job.priority,
        stage=None if status.is_terminal else _current_stage(stages),
        stages=stages,
        steps_summary=StepsSummary(
            adopted=sum(count.adopted for count in counts),
            done=sum(stage.done for stage in stages),
            total=sum(stage.total for stage in stages),
        ),
        progress=percent(done_share if is_planned else 0.0, is_done=status == JobStatus.SUCCEEDED),
        queue_position=facts.places.get(job.id),
        eta_seconds=eta_seconds,
        cost_microcents=0,
        title=job.title,
        subject_id=job.subject_id,
        labels=job.labels,
        parent=None if job.parent_id is None else ParentView(facts.parents[job.parent_id], job.relation or ""),
        revision=job.revision,
        correlation_id=job.correlation_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        waiting=_waiting(facts.waits.get(job.id)),
        error=error,
        outputs=tuple(facts.outputs.get(job.id, ())),
    )


def _stages(counts: Sequence[KindCount]) -> tuple[StageView, ...]:
    """The stages that are known so far, in order."""
    done: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for count in counts:
        done[STAGE_OF_KIND[count.kind]] += count.done
        total[STAGE_OF_KIND[count.kind]] += count.total
    return tuple(StageView(name, done[name], total[name]) for name in STAGES if name in total)


def _current_stage(stages: tuple[StageView, ...]) -> str | None:
    return next((stage.name for stage in stages if stage.done < stage.total), None)


def _waiting(wait: Wait | None) -> WaitView | None:
    """None too in the moment between the end of a wait and the sweep that notices it."""
    return None if wait is None else WaitView(wait.reason, wait.reason.sentence, wait.resume_at)


def _public(job: Job) -> Select[tuple[Artifact]]:
    """The outputs that may be fetched: all once the job has succeeded, until then the variants that were checked."""
    found = select(Artifact).where(Artifact.job_id == job.id, Artifact.is_public)
    if job.status == JobStatus.SUCCEEDED:
        return found
    return found.join(Step, Step.id == Artifact.step_id).where(Step.kind == StepKind.CHECK)
