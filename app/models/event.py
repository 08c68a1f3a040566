"""A job's timeline. `seq` counts from 1 in each job and only grows: it is the id of the job's stream.

`position` puts the events of all jobs in an order in which none is committed behind one that was read already: below
`events_horizon()` nothing comes any more. Events of one position are told apart by job and `seq`.

On PostgreSQL it is the number of the transaction that wrote the event, and the horizon is the oldest transaction that
still runs (its documentation, "Transaction ID and Snapshot Information Functions": pg_snapshot_xmin). SQLite has one
writer, so there each is one more than the last.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import GenericFunction

from app.models.base import BigId, Model

# Where an event's data says whose request caused it, if that was not the request that made its job.
CORRELATION_ID = "correlation_id"


class next_position(GenericFunction[int]):
    """What an event gets that is being written."""

    type = BigId
    inherit_cache = True


class events_horizon(GenericFunction[int]):
    """Every event below it is there; every one that is still to come is not below it. In one statement with them."""

    type = BigId
    inherit_cache = True


@compiles(next_position, "postgresql")
def _next_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(events_horizon, "postgresql")
def _horizon_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@compiles(next_position, "sqlite")
@compiles(events_horizon, "sqlite")
def _next_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "(SELECT coalesce(max(position), 0) + 1 FROM job_events)"


class JobEvent(Model):
    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_position", "position", "job_id", "seq"),)
    # Nobody asks an event that was just written for its position, and asking the database would cost each one of them.
    __mapper_args__ = {"eager_defaults": False}

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    # 0: of before there were positions, or of another database server (see `app.models.migrate`).
    position: Mapped[int] = mapped_column(BigId, default=next_position(), server_default="0")
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    at: Mapped[float]
