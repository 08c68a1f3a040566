"""The connection to the database: SQLite with write-ahead log, or PostgreSQL, behind one small face."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Double

SQLITE_BUSY_TIMEOUT_S = 15
POSTGRES_CONNECT_TIMEOUT_S = 5


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


class Database:
    """Opens transactions. Make it after the fork: no pooled connection survives one."""

    def __init__(self, url: str, *, pooled: bool = True) -> None:
        self.url = url
        self.engine = make_engine(url, pooled=pooled)
        # A read on SQLite must not queue behind the writers, so it begins without the write lock.
        self._reading = self.engine.execution_options(sqlite_begin="DEFERRED")

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end of the block, rolled back by any exception."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with Session(self._reading, expire_on_commit=False) as session:
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
        options |= {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 20, "pool_timeout": 5}
    connect_args = {
        "connect_timeout": POSTGRES_CONNECT_TIMEOUT_S,
        # A server that vanished without a word is noticed in about 15 s, not in two hours.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,
        "application_name": "sceneworks",
    }
    return create_engine(url, connect_args=connect_args, **options)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver's own implicit BEGIN is deferred, and its upgrade to a write lock can fail at once: we begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL syncs the log at each commit: with NORMAL a power cut could take back a job that was already accepted.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def database_now_s(session: Session) -> float:
    """The database's clock."""
    return session.execute(select(now_s())).scalar_one()


def is_out_of_space(error: BaseException) -> bool:
    text = str(error).lower()
    return "disk is full" in text or "no space left" in text


def is_connection_trouble(error: BaseException) -> bool:
    """Whether the database is away or busy, so that the same call may succeed later."""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
