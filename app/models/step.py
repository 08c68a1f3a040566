"""One unit of work in a job's graph, its edges, and the history of its attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, TextClause, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model

# Spelled out once: a partial index serves a query only when the query says the very same words.
IS_UNRUNG = "status = 'ready' AND rung_at IS NULL"
IS_IN_FLIGHT = "(status = 'running' OR (status = 'ready' AND rung_at IS NOT NULL))"
IS_LEASED = "status = 'running'"
IS_WAITING = "status = 'waiting'"
CALLS_A_PROVIDER = "provider IS NOT NULL"
IS_DONE_HERE = "status = 'succeeded' AND NOT adopted"


def partial_index(name: str, *columns: str | TextClause, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Step(Model):
    """`unmet` counts the steps it still waits for; `token` fences off every earlier holder of its lease.

    `rung_at` is when its doorbell was last rung, `rings` how often in this readiness.
    `resume_at` and `wait_reason` belong to the status `waiting`. A `fresh` step is done even if its result is known.
    While `work_pool` is set, workers of `pool` only look whether its result is known, and else pass it on to that pool.
    `provider` is the vendor that its work calls; `postponed_s` how long a vendor or a full disk has put it off in all.
    """

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("job_id", "name"),
        partial_index("ix_steps_unrung", "pool", "org_id", text("priority DESC"), "id", where=IS_UNRUNG),
        partial_index("ix_steps_in_flight", "pool", "org_id", "rung_at", where=IS_IN_FLIGHT),
        partial_index("ix_steps_leased", "lease_expires_at", where=IS_LEASED),
        partial_index("ix_steps_waiting", "resume_at", where=IS_WAITING),
        partial_index("ix_steps_done_here", "kind", "finished_at", where=IS_DONE_HERE),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    name: Mapped[str]
    kind: Mapped[str]
    pool: Mapped[str]
    work_pool: Mapped[str | None]
    provider: Mapped[str | None]
    status: Mapped[str]
    priority: Mapped[int]
    params: Mapped[dict[str, Any]]
    weight: Mapped[int]
    unmet: Mapped[int]
    max_attempts: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=0)
    token: Mapped[int] = mapped_column(default=0)
    lease_expires_at: Mapped[float | None]
    worker: Mapped[str | None]
    rung_at: Mapped[float | None]
    rings: Mapped[int] = mapped_column(default=0)
    resume_at: Mapped[float | None]
    wait_reason: Mapped[str | None]
    postponed_s: Mapped[float] = mapped_column(default=0.0)
    progress: Mapped[float] = mapped_column(default=0.0)
    input_hash: Mapped[str | None]
    fresh: Mapped[bool] = mapped_column(default=False)
    adopted: Mapped[bool] = mapped_column(default=False)
    outputs: Mapped[dict[str, Any] | None]
    facts: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_at: Mapped[float]
    ready_at: Mapped[float | None]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]


class StepEdge(Model):
    """`step_id` may start only when `needs_id` has succeeded."""

    __tablename__ = "step_edges"

    needs_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True, index=True)


class StepAttempt(Model):
    """One claim of a step and how it ended; `outcome` is None while it runs."""

    __tablename__ = "step_attempts"
    __table_args__ = (partial_index("ix_step_attempts_provider", "provider", "started_at", where=CALLS_A_PROVIDER),)

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    token: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    worker: Mapped[str]
    provider: Mapped[str | None]
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    outcome: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
