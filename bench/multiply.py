"""Copy a job in SQL, a million times if need be: all its rows in every table, with ids, hashes and times of their own.

A copy is a row that a service once wrote, so a column added tomorrow is filled by itself. The indexes stand meanwhile
and grow as in a farm's life; only the look-up of foreign keys is left out, for whole jobs are copied.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    MetaData,
    Select,
    Table,
    case,
    func,
    insert,
    literal,
    select,
    text,
)

from app.domain.fair_share import DEFAULT_PRIORITY
from app.models import Artifact, Job, JobEvent, Step, StepAttempt, StepEdge, StepResult, db
from app.models.database import Database

JOBS, STEPS, EDGES, ATTEMPTS, EVENTS, ARTIFACTS, RESULTS = TABLES = tuple(
    db.metadata.tables[model.__tablename__]
    for model in (Job, Step, StepEdge, StepAttempt, JobEvent, Artifact, StepResult)
)
# Copies made in one transaction: enough to be quick, few enough to be sorted in memory.
CHUNK = 10_000
# The copies lie so far apart in time, the last of them now.
EVERY_S = 1.0
TIMES = {"created_at", "updated_at", "ready_at", "started_at", "finished_at", "at"}
HASHES = {"sha256", "input_hash"}
# Every eleventh job has a priority of its own, each fifth of these the same; the others are as the callers left them.
OWN_PRIORITY_EVERY, PRIORITIES = 11, 5


@dataclass(frozen=True)
class Model:
    """A job to be copied. The ids of its steps have no gap, nor have those of its artifacts and of its results."""

    job_id: int
    first_step_id: int
    steps: int


@contextmanager
def loading(database: Database) -> Iterator[Connection]:
    """A connection on which `multiply` works; at its end the ids that the database gives go on behind the copies."""
    with database.engine.connect() as connection:
        is_postgresql = connection.dialect.name == "postgresql"
        if is_postgresql:
            connection.execute(text("SET session_replication_role = replica"))
            body = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')"
            head = "CREATE FUNCTION hash_of(text) RETURNS text IMMUTABLE LANGUAGE sql"
            connection.execute(text(f"{head} AS $${body}$$"))
        else:
            raw: Any = connection.connection.driver_connection
            # Before the transaction begins: inside one this pragma does nothing.
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("PRAGMA synchronous = OFF")
            raw.create_function("hash_of", 1, _sha256_hex, deterministic=True)
        connection.commit()
        yield connection
        if is_postgresql:
            for table in (JOBS, STEPS, ARTIFACTS, RESULTS):
                top = select(func.max(table.c.id)).scalar_subquery()
                connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), top)))
        connection.commit()
        # What it was told here must not go back to the pool.
        connection.invalidate()


def multiply(connection: Connection, model: Model, copies: int, orgs: Sequence[int], what: str) -> None:
    """Make `copies` more of the model's job, dealt out over `orgs`, whose ids have no gap; progress on stderr."""
    begun = time.monotonic()
    copier = _Copier(connection, model, copies, orgs)
    for first in range(1, copies + 1, CHUNK):
        last = min(copies, first + CHUNK - 1)
        for table in TABLES:
            connection.execute(copier.copy(table, first, last))
        connection.commit()
        took_s = time.monotonic() - begun
        print(f"\r{last:>9,} of {copies:,} {what} jobs, {took_s:.0f} s ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    copier.close()


class _Copier:
    """Keeps the model's rows aside, so that finding them does not grow with the tables, and says what a copy is."""

    def __init__(self, connection: Connection, model: Model, copies: int, orgs: Sequence[int]) -> None:
        self._connection = connection
        self._model = model
        self._copies = copies
        self._orgs = orgs
        self._tops = {
            table: connection.scalar(select(func.max(table.c.id))) or 0 for table in TABLES if "id" in table.c
        }
        self._asides = {table: self._keep_aside(table, rows) for table, rows in _rows_of(model).items()}
        self._spans = {table: self._span(aside) for table, aside in self._asides.items() if "id" in table.c}

    def copy(self, table: Table, first: int, last: int) -> Insert:
        """The statement that makes the copies number `first` to `last` in one table."""
        numbers = select(literal(first).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < last))
        aside = self._asides[table]
        values = [self._value(table, column, numbers.c.n).label(column.name) for column in aside.c]
        # A job's rows lie side by side, as they would had it been worked off.
        order = (numbers.c.n, *aside.primary_key)
        rows = select(*values).select_from(aside.join(numbers, literal(value=True))).order_by(*order)
        return insert(table).from_select([column.name for column in aside.c], rows, include_defaults=False)

    def close(self) -> None:
        for aside in self._asides.values():
            aside.drop(self._connection)
        self._connection.commit()

    def _value(self, table: Table, column: Column[Any], n: ColumnElement[int]) -> ColumnElement[Any]:
        name = column.name
        if name == "id":
            first, count = self._spans[table]
            return self._tops[table] + (n - 1) * count + (column - first + 1)
        if name == "job_id":
            return self._tops[JOBS] + n
        if name in ("step_id", "needs_id"):
            return self._tops[STEPS] + (n - 1) * self._model.steps + (column - self._model.first_step_id + 1)
        if name == "org_id":
            return self._orgs[0] + n % len(self._orgs)
        if name == "priority":
            own = 1 + (n // OWN_PRIORITY_EVERY) % PRIORITIES
            return case((n % OWN_PRIORITY_EVERY == 0, own), else_=DEFAULT_PRIORITY)
        if name == "public_id":
            return literal("vid_").concat(func.substr(func.hash_of(column.concat(n)), 1, 16))
        if name in HASHES:
            return func.hash_of(column.concat(n))
        if name in TIMES:
            return column - (self._copies - n) * EVERY_S
        return column

    def _keep_aside(self, table: Table, rows: Select[Any]) -> Table:
        aside = table.to_metadata(MetaData(), name=f"model_{table.name}")
        query = rows.compile(self._connection, compile_kwargs={"literal_binds": True})
        self._connection.execute(text(f"CREATE TEMPORARY TABLE {aside.name} AS {query}"))
        return aside

    def _span(self, aside: Table) -> tuple[int, int]:
        first, count = self._connection.execute(select(func.min(aside.c.id), func.count())).one()
        return first or 0, count


def _rows_of(model: Model) -> Mapping[Table, Select[Any]]:
    """Where the rows of the model's job stand."""
    step_ids = range(model.first_step_id, model.first_step_id + model.steps)
    own_hashes = select(STEPS.c.input_hash).where(STEPS.c.job_id == model.job_id)
    return {
        JOBS: select(JOBS).where(JOBS.c.id == model.job_id),
        STEPS: select(STEPS).where(STEPS.c.job_id == model.job_id),
        EDGES: select(EDGES).where(EDGES.c.step_id.in_(step_ids)),
        ATTEMPTS: select(ATTEMPTS).where(ATTEMPTS.c.step_id.in_(step_ids)),
        EVENTS: select(EVENTS).where(EVENTS.c.job_id == model.job_id),
        ARTIFACTS: select(ARTIFACTS).where(ARTIFACTS.c.job_id == model.job_id),
        RESULTS: select(RESULTS).where(RESULTS.c.input_hash.in_(own_hashes)),
    }


def _sha256_hex(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()
