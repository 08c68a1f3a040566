"""The connection to the database: SQLite with write-ahead log, or PostgreSQL, behind one small face."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Index, UniqueConstraint, create_engine, event, select
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Double

from app.models.base import db

SQLITE_BUSY_TIMEOUT_S = 15
POSTGRES_CONNECT_TIMEOUT_S = 5
# Our transactions take milliseconds. One that idles for this long is a process that was frozen or cut off inside it,
# and its locks keep its jobs from everyone who could take them over.
POSTGRES_IDLE_TRANSACTION_S = 15
PING_AFTER_S = 1.0


class now_s(GenericFunction[float]):
    """Seconds since the epoch on the database's clock, at this statement (not at the transaction's start)."""

    type = Double()
    inherit_cache = True


@compiles(now_s, "sqlite")
def _now_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now_s, "postgresql")
def _now_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


# A fork in the middle of another thread's transaction would give the child a copy of SQLite's notes on its locks: the
# child then takes them for held by itself, and finds its database locked for as long as it lives.
BETWEEN_FORKS = threading.RLock()
os.register_at_fork(
    before=BETWEEN_FORKS.acquire, after_in_parent=BETWEEN_FORKS.release, after_in_child=BETWEEN_FORKS.release
)


class Database:
    """Opens transactions. Make it after the fork: no pooled connection survives one.

    One that is not `pooled` is for processes that go on forking: it keeps no connection, and no fork happens meanwhile.
    """

    def __init__(self, url: str, *, pooled: bool = True) -> None:
        self.url = url
        self.engine = make_engine(url, pooled=pooled)
        # A read on SQLite must not queue behind the writers, so it begins without the write lock. PostgreSQL shows
        # each statement what is committed when it begins, in a transaction as out of one.
        self._reading = self.engine.execution_options(only_reads=True)
        is_upset_by_forks = not pooled and self.engine.dialect.name == "sqlite"
        self._guard: AbstractContextManager[object] = BETWEEN_FORKS if is_upset_by_forks else nullcontext()

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end of the block, rolled back by any exception."""
        with self._guard, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads: on SQLite one state of the database, on PostgreSQL the latest in each query."""
        with self._guard, Session(self._reading, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def make_engine(url: str, *, pooled: bool = True) -> Engine:
    options: dict[str, Any] = {"poolclass": NullPool} if not pooled else {}
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_on_sqlite)
        return engine
    if pooled:
        options |= {"pool_size": 5, "max_overflow": 20, "pool_timeout": 5}
    connect_args = {
        "connect_timeout": POSTGRES_CONNECT_TIMEOUT_S,
        # A server that vanished without a word is noticed in about 15 s, not in two hours.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,
        "application_name": "sceneworks",
    }
    engine = create_engine(url, connect_args=connect_args, **options)
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "begin", _begin_on_postgres)
    event.listen(engine, "checkin", _end_on_postgres)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_ping_if_rested, engine))
    return engine


def _prepare_postgres(connection: Any, record: Any) -> None:
    # Not among the connection's start-up options: a pooler between us and the server refuses those it does not know.
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{POSTGRES_IDLE_TRANSACTION_S}s'")
    connection.autocommit = False


def _begin_on_postgres(connection: Connection) -> None:
    # SQLAlchemy's own AUTOCOMMIT asks the server for something when it is set and when it is undone. A connection that
    # dies before the latter never comes back to the pool: 25 of them, and the process has none left.
    if connection.get_execution_options().get("only_reads"):
        connection.connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]


def _end_on_postgres(connection: Any, record: Any) -> None:
    # None is a connection that was found dead.
    if connection is not None and not connection.closed:
        connection.autocommit = False


def _note_use(connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_rested(engine: Engine, connection: Any, record: Any, proxy: Any) -> None:
    """Ask a connection that has rested whether it still lives; a busy one would pay as much for it as for its work."""
    if connection.closed:
        raise DisconnectionError
    if time.monotonic() - record.info.get("used_at", time.monotonic()) < PING_AFTER_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        # The pool then makes a fresh one.
        raise DisconnectionError from error


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver's own implicit BEGIN is deferred, and its upgrade to a write lock can fail at once: we begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL syncs the log at each commit: with NORMAL a power cut could take back a job that was already accepted.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Its own knows A to Z alone, and who looks for `über` means `Über` too.
    connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    mode = "DEFERRED" if connection.get_execution_options().get("only_reads") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")


NOW = select(now_s())


def database_now_s(session: Session) -> float:
    """The database's clock."""
    return session.connection().execute(NOW).scalar_one()


def is_out_of_space(error: BaseException) -> bool:
    text = str(error).lower()
    return "disk is full" in text or "no space left" in text


def first_line(error: BaseException) -> str:
    """What went wrong, without the statement and the advice that SQLAlchemy adds; never empty."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def is_connection_trouble(error: BaseException) -> bool:
    """Whether the database is away or busy, so that the same call may succeed later."""
    if isinstance(error, OperationalError | PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def violates(error: IntegrityError, name: str) -> bool:
    """Whether it is the unique constraint or index of this name that refused a row."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == name)
    # SQLite names the columns: "UNIQUE constraint failed: jobs.org_id, jobs.subject_id".
    columns = [f"{column.table.name}.{column.name}" for column in _unique(name).columns]
    return str(error.orig).endswith(f": {', '.join(columns)}")


def _unique(name: str) -> UniqueConstraint | Index:
    for table in db.metadata.tables.values():
        for rule in (*table.constraints, *table.indexes):
            if isinstance(rule, UniqueConstraint | Index) and rule.name == name:
                return rule
    raise KeyError(name)
