"""Growing a job's graph of steps, and opening the steps whose needs are met."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Double, bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from app.domain.descent import fresh_names
from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.models import Job, Step, StepEdge

# SQLite takes at most 32,766 parameters in a statement, and an IN list is one each.
BATCH = 1000


def grow(session: Session, job: Job, plans: Sequence[StepPlan], now: float) -> None:
    """Add planned steps to a locked job. What they need must be among them or stand already, not yet succeeded.

    The job's wish for what is to be done anew holds for steps that grow later too.
    """
    add_steps(session, job, plans, now)
    job.open_steps += len(plans)
    job.work_total += work_in(plans)


def work_in(plans: Sequence[StepPlan]) -> int:
    """In the units of `Job.work_total`."""
    return sum(plan.weight for plan in plans)


ADD_STEPS = insert(Step).returning(Step.name, Step.id)
ADD_EDGES = insert(StepEdge)


def add_steps(session: Session, job: Job, plans: Sequence[StepPlan], now: float) -> None:
    """As `grow`, for a job that counts these steps already."""
    connection = session.connection()
    fresh = fresh_names(plans, job.fresh_from, _standing_fresh(session, job))
    made_by_parent = _made_by_parent(session, job) - fresh
    rows = []
    for plan in plans:
        is_ready = not plan.needs
        is_looked_up = plan.may_be_looked_up and plan.name in made_by_parent
        rows.append(
            {
                "job_id": job.id,
                "org_id": job.org_id,
                "name": plan.name,
                "kind": plan.kind,
                "pool": Pool.IO if is_looked_up else plan.pool,
                "work_pool": plan.pool if is_looked_up else None,
                "provider": plan.provider,
                "status": StepStatus.READY if is_ready else StepStatus.BLOCKED,
                # In the order that dispatch has an index for: one more urgent is before all equals.
                "priority": job.priority + plan.goes_ahead,
                "params": dict(plan.params),
                "weight": plan.weight,
                "unmet": len(plan.needs),
                "max_attempts": plan.max_attempts,
                "attempt": 0,
                "token": 0,
                "rings": 0,
                "progress": 0.0,
                "fresh": plan.name in fresh,
                "adopted": False,
                "created_at": now,
                "ready_at": now if is_ready else None,
            }
        )
    ids: dict[str, int] = {}
    for start in range(0, len(rows), BATCH):
        ids.update(connection.execute(ADD_STEPS, rows[start : start + BATCH]).tuples().all())
    if not {needed for plan in plans for needed in plan.needs} <= set(ids):
        ids = dict(session.execute(select(Step.name, Step.id).where(Step.job_id == job.id)).tuples().all())
    edges = [{"needs_id": ids[needed], "step_id": ids[plan.name]} for plan in plans for needed in plan.needs]
    for start in range(0, len(edges), BATCH):
        connection.execute(ADD_EDGES, edges[start : start + BATCH])


def _standing_fresh(session: Session, job: Job) -> Sequence[str]:
    if job.fresh_from is None:
        return ()
    return session.scalars(select(Step.name).where(Step.job_id == job.id, Step.fresh)).all()


def _made_by_parent(session: Session, job: Job) -> frozenset[str]:
    """The steps whose results a job made from another one may well adopt."""
    if job.parent_id is None:
        return frozenset()
    made = select(Step.name).where(Step.job_id == job.parent_id, Step.status == StepStatus.SUCCEEDED)
    return frozenset(session.scalars(made))


IS_LAST_NEED = Step.unmet <= 1
OPEN = (
    update(Step)
    .where(
        Step.id.in_(select(StepEdge.step_id).where(StepEdge.needs_id == bindparam("id_of_step"))),
        Step.status == StepStatus.BLOCKED,
    )
    .values(
        unmet=Step.unmet - 1,
        status=case((IS_LAST_NEED, StepStatus.READY), else_=Step.status),
        ready_at=case((IS_LAST_NEED, bindparam("now", type_=Double)), else_=Step.ready_at),
    )
)


def open_successors(session: Session, step_id: int, now: float) -> None:
    """A step has succeeded: count it off for those that wait for it; those that wait for nothing more are ready."""
    session.connection().execute(OPEN, {"id_of_step": step_id, "now": now})
