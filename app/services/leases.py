"""Keep the leases of the steps that a worker process is at, and say which of them it has lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import update

from app.domain.states import StepStatus
from app.models import Step
from app.models.database import Database, now_s


@dataclass(frozen=True)
class LeaseKey:
    """Which lease: a step and the fencing token it was claimed under."""

    step_id: int
    token: int


def extend_leases(database: Database, progress: Mapping[LeaseKey, float], lease_ttl_s: float) -> set[LeaseKey]:
    """Push each lease's expiry to now + `lease_ttl_s` and note its progress (0 to 1); the leases that are ours no more.

    A lease that has expired but that nobody has taken back yet is still ours: its work is not lost for a late beat.
    """
    lost = set()
    for key, fraction in progress.items():
        # A transaction each: holding two rows here and a cancel holding them the other way round would deadlock.
        with database.begin() as session:
            kept = session.execute(
                update(Step)
                .where(Step.id == key.step_id, Step.token == key.token, Step.status == StepStatus.RUNNING)
                .values(lease_expires_at=now_s() + lease_ttl_s, progress=fraction)
                .returning(Step.id)
                .execution_options(synchronize_session=False)
            ).one_or_none()
            if kept is None:
                lost.add(key)
    return lost
