"""Jobs as their owners see them: one job, a page of them, their steps, events and outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, NotFound
from app.domain.plan import StepKind
from app.domain.progress import estimate_remaining_s, percent
from app.domain.states import JobKind, JobStatus, StepStatus
from app.domain.waits import WaitReason
from app.models import Artifact, Job, JobEvent, Step
from app.models.database import Database, database_now_s
from app.services.job_log import CORRELATION_ID
from app.services.settle_jobs import current_wait

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
class OutputView:
    name: str
    media_type: str
    size_bytes: int
    sha256: str


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
    """`progress` is 0 to 100 and 100 only when succeeded; times are epoch seconds; `eta_seconds` None while unknown."""

    id: str
    kind: str
    status: JobStatus
    priority: int
    stage: str | None
    stages: tuple[StageView, ...]
    steps_summary: StepsSummary
    progress: int
    queue_position: int | None
    eta_seconds: int | None
    title: str | None
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
class JobPage:
    jobs: tuple[JobView, ...]
    has_more: bool


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


def get_job(database: Database, org_id: int, public_id: str) -> JobView:
    """NotFound for another org's job as for one that never was."""
    with database.read() as session:
        return view_job(session, find_job(session, org_id, public_id), database_now_s(session))


def list_jobs(
    database: Database,
    org_id: int,
    *,
    limit: int,
    starting_after: str | None = None,
    ending_before: str | None = None,
    statuses: Sequence[JobStatus] = (),
) -> JobPage:
    """A page, newest first, by keyset. A cursor that is not one of the org's jobs is InvalidInput."""
    with database.read() as session:
        query = select(Job).where(Job.org_id == org_id, Job.kind != JobKind.CANARY)
        if statuses:
            query = query.where(Job.status.in_(statuses))
        if starting_after is not None:
            query = query.where(Job.id < _cursor(session, org_id, "starting_after", starting_after))
        if ending_before is not None:
            query = query.where(Job.id > _cursor(session, org_id, "ending_before", ending_before))
            rows = session.scalars(query.order_by(Job.id).limit(limit + 1)).all()
            jobs = list(reversed(rows[:limit]))
        else:
            rows = session.scalars(query.order_by(Job.id.desc()).limit(limit + 1)).all()
            jobs = list(rows[:limit])
        now = database_now_s(session)
        return JobPage(tuple(view_job(session, job, now) for job in jobs), has_more=len(rows) > limit)


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
        raise NotFound("There is no such job.")
    return job


def view_job(session: Session, job: Job, now: float) -> JobView:
    """The view of a loaded job at the database's time `now`."""
    status = JobStatus(job.status)
    stages, adopted, running_work, has_checked = _stages(session, job)
    done_share = (job.work_done + running_work) / job.work_total if job.work_total else 0.0
    # Before the script is cut the graph is one step long: its share says nothing about the whole.
    is_planned = len(stages) > 1
    elapsed_s = None if job.started_at is None else (job.finished_at or now) - job.started_at
    remaining_s = estimate_remaining_s(done_share, elapsed_s) if is_planned and status == JobStatus.RUNNING else None
    error = None
    if job.error_code is not None:
        error = ErrorView(job.error_code, job.error_message or "", bool(job.error_retryable))
    return JobView(
        id=job.public_id,
        kind=job.kind,
        status=status,
        priority=job.priority,
        stage=None if status.is_terminal else _current_stage(stages),
        stages=stages,
        steps_summary=StepsSummary(
            adopted, done=sum(stage.done for stage in stages), total=sum(stage.total for stage in stages)
        ),
        progress=percent(done_share if is_planned else 0.0, is_done=status == JobStatus.SUCCEEDED),
        queue_position=_queue_position(session, job) if status == JobStatus.QUEUED else None,
        eta_seconds=None if remaining_s is None else round(remaining_s),
        title=job.title,
        labels=job.labels,
        parent=_parent(session, job),
        revision=job.revision,
        correlation_id=job.correlation_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        waiting=_waiting(session, job) if status == JobStatus.WAITING else None,
        error=error,
        outputs=_outputs(session, job) if status == JobStatus.SUCCEEDED or has_checked else (),
    )


def _stages(session: Session, job: Job) -> tuple[tuple[StageView, ...], int, float, bool]:
    """Stages in order, adopted steps, work (in weight units) that running steps have done, any variant checked."""
    rows = session.execute(
        select(
            Step.kind,
            func.count(),
            func.count().filter(Step.status == StepStatus.SUCCEEDED),
            func.count().filter(Step.adopted),
            func.coalesce(func.sum(Step.progress * Step.weight).filter(Step.status == StepStatus.RUNNING), 0.0),
        )
        .where(Step.job_id == job.id)
        .group_by(Step.kind)
    ).all()
    done_of: Counter[str] = Counter()
    total_of: Counter[str] = Counter()
    for kind, total, done, *_ in rows:
        done_of[STAGE_OF_KIND[kind]] += done
        total_of[STAGE_OF_KIND[kind]] += total
    stages = tuple(StageView(name, done_of[name], total_of[name]) for name in STAGES if name in total_of)
    has_checked = any(kind == StepKind.CHECK and done for kind, _, done, *_ in rows)
    return stages, sum(adopted for *_, adopted, _ in rows), float(sum(work for *_, work in rows)), has_checked


def _current_stage(stages: tuple[StageView, ...]) -> str | None:
    return next((stage.name for stage in stages if stage.done < stage.total), None)


def _parent(session: Session, job: Job) -> ParentView | None:
    if job.parent_id is None or job.relation is None:
        return None
    public_id = session.execute(select(Job.public_id).where(Job.id == job.parent_id)).scalar_one()
    return ParentView(public_id, job.relation)


def _waiting(session: Session, job: Job) -> WaitView | None:
    """None in the moment between the end of a wait and the sweep that notices it."""
    wait = current_wait(session, job)
    return None if wait is None else WaitView(wait.reason, wait.reason.sentence, wait.resume_at)


def _queue_position(session: Session, job: Job) -> int:
    """1 for the job that starts next: the queued jobs accepted before it, and itself."""
    ahead = session.scalar(select(func.count()).where(Job.status == JobStatus.QUEUED, Job.id < job.id))
    return (ahead or 0) + 1


def _outputs(session: Session, job: Job) -> tuple[OutputView, ...]:
    rows = session.scalars(_public(job).order_by(Artifact.id))
    return tuple(OutputView(row.name, row.media_type, row.size_bytes, row.sha256) for row in rows)


def _public(job: Job) -> Select[tuple[Artifact]]:
    """The outputs that may be fetched: all once the job has succeeded, until then the variants that were checked."""
    found = select(Artifact).where(Artifact.job_id == job.id, Artifact.is_public)
    if job.status == JobStatus.SUCCEEDED:
        return found
    return found.join(Step, Step.id == Artifact.step_id).where(Step.kind == StepKind.CHECK)


def _cursor(session: Session, org_id: int, field: str, public_id: str) -> int:
    found = session.scalar(select(Job.id).where(Job.public_id == public_id, Job.org_id == org_id))
    if found is None:
        raise InvalidInput(field, "This cursor is not one of your jobs.")
    return found
