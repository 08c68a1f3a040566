"""What a view of jobs shows beside their rows, read for any number of jobs at once: a statement each, never one a job.

What no job of them can have is not asked for: a running job has no place in the queue, a queued one no outputs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.estimate import Outlook
from app.domain.plan import StepKind
from app.domain.states import JobStatus, StepStatus
from app.domain.waits import LiveStep, Wait, WaitReason, wait_of_job
from app.models import Artifact, Job, Step
from app.models.database import now_s
from app.services.outlook import outlook_of
from app.services.pool_pauses import paused_pools

# A mapped job, or the columns of one.
JobRow = Job | Row[Any]


@dataclass(frozen=True)
class KindCount:
    """The steps of one kind in a job; `running_work` is what those that run have done of theirs, in weight units."""

    kind: str
    total: int
    done: int
    adopted: int
    running_work: float


@dataclass(frozen=True)
class OutputView:
    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class JobFacts:
    """Of several jobs, by their row's id; a job without an entry has none of it."""

    steps: dict[int, list[KindCount]]
    places: dict[int, int] = field(default_factory=dict)
    parents: dict[int, str] = field(default_factory=dict)
    waits: dict[int, Wait | None] = field(default_factory=dict)
    outputs: dict[int, list[OutputView]] = field(default_factory=dict)
    outlook: Outlook | None = None


# Built once, as the statements of a step are: composing them costs more than running them.
COUNT_STEPS = (
    select(
        Step.job_id,
        Step.kind,
        func.count().label("total"),
        func.count().filter(Step.status == StepStatus.SUCCEEDED).label("done"),
        func.count().filter(Step.adopted).label("adopted"),
        func.coalesce(func.sum(Step.progress * Step.weight).filter(Step.status == StepStatus.RUNNING), 0.0),
    )
    .where(Step.job_id.in_(bindparam("jobs", expanding=True)))
    .group_by(Step.job_id, Step.kind)
)
# 1 starts next. Nobody looks at a place further back than this, and every look would count the whole queue.
LAST_PLACE = 1000
LAST_ID = 2**62
_AHEAD = (
    select(Job.id).where(Job.status == JobStatus.QUEUED, Job.id < bindparam("job")).limit(LAST_PLACE - 1).subquery()
)
COUNT_AHEAD = select(func.count()).select_from(_AHEAD)
_QUEUE = (
    select(Job.id, func.row_number().over(order_by=Job.id).label("place"))
    .where(Job.status == JobStatus.QUEUED)
    .order_by(Job.id)
    .limit(LAST_PLACE)
    .subquery()
)
FIND_PLACES = select(_QUEUE.c.id, _QUEUE.c.place).where(_QUEUE.c.id.in_(bindparam("jobs", expanding=True)))
NAME_PARENTS = select(Job.id, Job.public_id).where(Job.id.in_(bindparam("jobs", expanding=True)))
OF_OUTPUT = (Artifact.job_id, Artifact.name, Artifact.media_type, Artifact.size_bytes, Artifact.sha256)
OUTPUTS = (
    select(*OF_OUTPUT)
    .where(Artifact.job_id.in_(bindparam("jobs", expanding=True)), Artifact.is_public)
    .order_by(Artifact.id)
)
# Variants can be fetched as soon as they have been checked, whatever becomes of the rest.
CHECKED = OUTPUTS.join(Step, Step.id == Artifact.step_id).where(Step.kind == StepKind.CHECK)
MOVABLE = select(Step.job_id, Step.status, Step.pool, Step.wait_reason, Step.resume_at).where(
    Step.job_id.in_(bindparam("jobs", expanding=True)),
    Step.status.in_((StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING)),
)


def read_facts(session: Session, jobs: Sequence[JobRow]) -> JobFacts:
    """What the views of these jobs need."""
    steps = _steps(session, [job.id for job in jobs])
    return JobFacts(
        steps,
        read_places(session, [job.id for job in jobs if job.status == JobStatus.QUEUED]),
        _parents(session, {job.parent_id for job in jobs if job.parent_id is not None}),
        read_waits(session, [job.id for job in jobs if job.status == JobStatus.WAITING]),
        _outputs(session, jobs, steps),
        outlook_of(session) if any(job.status == JobStatus.QUEUED for job in jobs) else None,
    )


def facts_of_new(session: Session, job: JobRow) -> JobFacts:
    """Those of a job that was stored a moment ago, in this transaction: of its steps there is only the first."""
    first = KindCount(StepKind.SCRIPT, total=1, done=0, adopted=0, running_work=0.0)
    parents = set() if job.parent_id is None else {job.parent_id}
    places = read_places(session, [job.id])
    return JobFacts({job.id: [first]}, places, _parents(session, parents), outlook=outlook_of(session))


def read_places(session: Session, queued: Collection[int]) -> dict[int, int]:
    """The places in the queue of queued jobs, from 1; LAST_PLACE is that one or one behind it."""
    if not queued:
        return {}
    connection = session.connection()
    if len(queued) == 1:
        (job_id,) = queued
        return {job_id: connection.execute(COUNT_AHEAD, {"job": job_id}).scalar_one() + 1}
    found = dict(connection.execute(FIND_PLACES, {"jobs": list(queued)}).tuples().all())
    return {job_id: found.get(job_id, LAST_PLACE) for job_id in queued}


def count_queued(session: Session) -> int:
    """The jobs in the queue; LAST_PLACE - 1 means as many or more."""
    return session.connection().execute(COUNT_AHEAD, {"job": LAST_ID}).scalar_one()


def read_waits(session: Session, waiting: Collection[int]) -> dict[int, Wait | None]:
    """What jobs wait for; None for one of which a step runs or may run."""
    if not waiting:
        return {}
    steps: dict[int, list[LiveStep]] = defaultdict(list)
    for job_id, status, pool, reason, resume_at in session.connection().execute(MOVABLE, {"jobs": list(waiting)}):
        wait = Wait(WaitReason(reason), resume_at) if reason else None
        steps[job_id].append(LiveStep(StepStatus(status), pool, wait))
    paused_until = {pool: pause.until for pool, pause in paused_pools(session).items()}
    return {job_id: wait_of_job(steps[job_id], paused_until) for job_id in waiting}


def job_columns() -> Select[Any]:
    """All that a view says of a job by its row, and the time: `now`. The input, which can be large, is not read."""
    columns = [column for column in Job.__table__.c if column.name != "input"]
    return select(*columns, now_s().label("now"))


def _steps(session: Session, job_ids: Sequence[int]) -> dict[int, list[KindCount]]:
    steps: dict[int, list[KindCount]] = defaultdict(list)
    if job_ids:
        for job_id, *counts in session.connection().execute(COUNT_STEPS, {"jobs": job_ids}):
            steps[job_id].append(KindCount(*counts))
    return steps


def _parents(session: Session, parent_ids: Collection[int]) -> dict[int, str]:
    if not parent_ids:
        return {}
    return dict(session.connection().execute(NAME_PARENTS, {"jobs": list(parent_ids)}).tuples().all())


def _outputs(
    session: Session, jobs: Sequence[JobRow], steps: dict[int, list[KindCount]]
) -> dict[int, list[OutputView]]:
    """All of the jobs that have succeeded, and of others the variants that have been checked."""
    succeeded = [job.id for job in jobs if job.status == JobStatus.SUCCEEDED]
    has_checked = [
        job.id
        for job in jobs
        if job.status != JobStatus.SUCCEEDED
        and any(count.kind == StepKind.CHECK and count.done for count in steps[job.id])
    ]
    outputs: dict[int, list[OutputView]] = defaultdict(list)
    for query, job_ids in ((OUTPUTS, succeeded), (CHECKED, has_checked)):
        if job_ids:
            for job_id, *facts in session.connection().execute(query, {"jobs": job_ids}):
                outputs[job_id].append(OutputView(*facts))
    return outputs
