"""A step that its worker lets go of unfinished is ready at once, and the attempt does not count."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.domain.states import StepStatus
from app.models import Step
from app.services.finish_step import close_attempt


def let_go(session: Session, step: Step, now: float, outcome: str) -> None:
    """`step`, of a locked job, runs. Its attempt ends with this `outcome` in its history."""
    close_attempt(session, step.id, step.token, now, outcome)
    step.status, step.ready_at = StepStatus.READY, now
    step.attempt -= 1
    step.lease_expires_at = None
    step.progress = 0.0
