"""A worker answers a doorbell: take the step, or learn that there is nothing to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Double, bindparam, exists, func, insert, select, update

from app.domain.errors import ProviderBadAnswer
from app.domain.flow_limits import NO_LIMITS, FlowLimits
from app.domain.states import JobStatus, StepStatus
from app.models import Job, PoolPause, Step, StepAttempt, StepEdge
from app.models.database import Database, now_s
from app.services.job_log import append_events
from app.services.pool_pauses import IS_IN_FORCE
from app.services.webhook_messages import tell_of_job
from app.storage.protocol import Blob


@dataclass(frozen=True)
class Claim:
    """A worker's right to a step: whoever holds the highest `token` may commit, no one else.

    `upstream` maps each needed step's name to its outputs by name. A `fresh` step is done even if its result is known;
    `parent_id` is the job that this one was made from, whose results count before all others; with `inherits_wish` what
    it has made anew is anew enough. With a `work_pool` the worker only looks whether the result is known, for that pool
    does the work. `provider` is the vendor that the work calls, `bad_answers` how often it has answered this step with
    something of no use.
    """

    step_id: int
    job_id: int
    job_public_id: str
    correlation_id: str
    org_id: int
    name: str
    kind: str
    token: int
    attempt: int
    max_attempts: int
    params: Mapping[str, Any]
    upstream: Mapping[str, Mapping[str, Blob]]
    fresh: bool = False
    parent_id: int | None = None
    inherits_wish: bool = False
    provider: str | None = None
    bad_answers: int = 0
    work_pool: str | None = None


# Built once: a statement that is built anew costs more to compose than to run, and each step is claimed with these.
# The job's row is locked, the step's only read: whether it is still ready is for TAKE to say.
LOOK = (
    select(
        Step.job_id,
        Step.name,
        Step.kind,
        Step.max_attempts,
        Step.params,
        Step.fresh,
        Step.provider,
        Step.work_pool,
        Job.public_id,
        Job.correlation_id,
        Job.org_id,
        Job.parent_id,
        Job.inherits_wish,
        Job.last_seq,
        Job.kind.label("job_kind"),
        Job.status.label("job_status"),
        Job.started_at.label("job_started_at"),
        now_s().label("now"),
    )
    .join(Job, Job.id == Step.job_id)
    .where(
        Step.id == bindparam("id_of_step"),
        Step.status == StepStatus.READY,
        ~exists().where(PoolPause.pool == Step.pool, IS_IN_FORCE),
    )
    .with_for_update(of=Job)
)
TAKE = (
    update(Step)
    .where(Step.id == bindparam("id_of_step"), Step.status == StepStatus.READY)
    .values(
        status=StepStatus.RUNNING,
        attempt=Step.attempt + 1,
        token=Step.token + 1,
        worker=bindparam("for_worker"),
        lease_expires_at=now_s() + bindparam("ttl_s", type_=Double),
        started_at=now_s(),
        progress=0.0,
        rung_at=None,
        rings=0,
        resume_at=None,
        wait_reason=None,
    )
    .returning(Step.token, Step.attempt, Step.started_at)
)
COUNT_ATTEMPT = insert(StepAttempt)
START_JOB = (
    update(Job)
    .where(Job.id == bindparam("id_of_job"))
    .values(
        status=JobStatus.RUNNING,
        started_at=func.coalesce(Job.started_at, bindparam("now")),
        updated_at=bindparam("now"),
        last_seq=bindparam("seq"),
    )
)
UPSTREAM = (
    select(Step.name, Step.outputs)
    .join(StepEdge, StepEdge.needs_id == Step.id)
    .where(StepEdge.step_id == bindparam("id_of_step"))
)
BAD_ANSWERS = select(func.count()).where(
    StepAttempt.step_id == bindparam("id_of_step"), StepAttempt.error_code == ProviderBadAnswer.code
)


def claim_step(
    database: Database, step_id: int, worker: str, lease_ttl_s: float, limits: FlowLimits = NO_LIMITS
) -> Claim | None:
    """Move a ready step to running under a new token, counting the attempt; None when it is not ready (any more).

    None as well while its pool is paused or its hours are closed: it may have been called a moment before. It is called
    or made to wait again when its doorbell has stayed unanswered for long enough.
    """
    with database.begin() as session:
        connection, this_step = session.connection(), {"id_of_step": step_id}
        row = connection.execute(LOOK, this_step).one_or_none()
        if row is None or limits.opens_at(row.kind, row.now) is not None:
            return None
        lease = {"for_worker": worker, "ttl_s": lease_ttl_s}
        taken = connection.execute(TAKE, {**this_step, **lease}).one_or_none()
        if taken is None:
            return None
        token, attempt, now = taken
        begun = {"worker": worker, "provider": row.provider, "started_at": now}
        connection.execute(COUNT_ATTEMPT, {"step_id": step_id, "token": token, "attempt": attempt, **begun})
        events = [("step.started", {"step": row.name, "attempt": attempt})]
        if row.job_status != JobStatus.RUNNING:
            events.insert(0, (f"{row.job_kind}.{'started' if row.job_started_at is None else 'resumed'}", {}))
        seq = append_events(session, row.job_id, row.last_seq, now, events)
        connection.execute(START_JOB, {"id_of_job": row.job_id, "now": now, "seq": seq})
        if row.job_started_at is None:
            tell_of_job(session, session.get_one(Job, row.job_id), f"{row.job_kind}.started", now)
        is_first_call = token == 1 or row.provider is None
        return Claim(
            step_id=step_id,
            job_id=row.job_id,
            job_public_id=row.public_id,
            correlation_id=row.correlation_id,
            org_id=row.org_id,
            name=row.name,
            kind=row.kind,
            token=token,
            attempt=attempt,
            max_attempts=row.max_attempts,
            params=row.params,
            upstream=_upstream(connection, step_id),
            fresh=row.fresh,
            parent_id=row.parent_id,
            inherits_wish=row.inherits_wish,
            provider=row.provider,
            work_pool=row.work_pool,
            bad_answers=0 if is_first_call else connection.execute(BAD_ANSWERS, this_step).scalar_one(),
        )


def _upstream(connection: Connection, step_id: int) -> dict[str, dict[str, Blob]]:
    return {
        name: {output: Blob.from_json(blob) for output, blob in (outputs or {}).items()}
        for name, outputs in connection.execute(UPSTREAM, {"id_of_step": step_id}).tuples()
    }
