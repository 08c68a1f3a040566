"""A job's steps as their owner sees them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.domain.states import StepStatus
from app.models import Step
from app.models.database import Database
from app.services.job_views import find_job


@dataclass(frozen=True)
class StepErrorView:
    code: str
    message: str


@dataclass(frozen=True)
class StepView:
    """`started_at` and `finished_at` (epoch seconds) are those of the last attempt; `error` is its failure, if any.

    `adopted`: an earlier result was taken over. `fresh`: it was not to be.
    """

    name: str
    kind: str
    status: StepStatus
    adopted: bool
    fresh: bool
    attempts: int
    started_at: float | None
    finished_at: float | None
    error: StepErrorView | None


def list_steps(database: Database, org_id: int, public_id: str) -> list[StepView]:
    """All steps that are known so far, each after the steps it needs."""
    with database.read() as session:
        job = find_job(session, org_id, public_id)
        steps = session.scalars(select(Step).where(Step.job_id == job.id).order_by(Step.id))
        return [
            StepView(
                name=step.name,
                kind=step.kind,
                status=StepStatus(step.status),
                adopted=step.adopted,
                fresh=step.fresh,
                attempts=step.attempt,
                started_at=step.started_at,
                finished_at=step.finished_at,
                error=None if step.error_code is None else StepErrorView(step.error_code, step.error_message or ""),
            )
            for step in steps
        ]
