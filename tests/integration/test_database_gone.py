"""PostgreSQL goes away at a chosen moment: what is committed stands, and what needs it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from app.domain.video import VideoInput
from app.models import Job, StepAttempt
from app.models.database import Database
from app.models.migrate import migrate
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.run_step import run_step
from tests.farms import ListBell, SteadyHeartbeat, make_farm, make_org, submit, work_off
from tests.servers import PostgresServer, skip_reason_for_postgres

# The pool's own and its overflow.
MOST_CONNECTIONS = 25
WORDS = VideoInput(text="Hello.", width_px=64, height_px=64)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One of its own: it is taken away from whoever uses it."""
    reason = skip_reason_for_postgres()
    if reason:
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture
def farm(server: PostgresServer, tmp_path: Path) -> Iterator[Farm]:
    url = server.new_database()
    migrate(url)
    database = Database(url)
    yield make_farm(database, tmp_path)
    database.close()


def after_the_next_commit(database: Database, act: Callable[[], object]) -> None:
    """Act between a transaction and the next: when the connection that has committed is given back."""

    def on_commit(connection: object) -> None:
        event.listen(database.engine, "checkin", on_checkin, once=True)

    def on_checkin(connection: object, record: object) -> None:
        act()

    event.listen(database.engine, "commit", on_commit, once=True)


def at_the_next_error(database: Database, act: Callable[[], object]) -> None:
    event.listen(database.engine, "handle_error", lambda context: act(), once=True)


def test_what_was_stored_is_accepted_though_the_first_step_cannot_be_called(farm: Farm, server: PostgresServer) -> None:
    org_id = make_org(farm.database)
    with ExitStack() as outage:
        after_the_next_commit(farm.database, lambda: outage.enter_context(server.away()))
        job_id = submit(farm, org_id, WORDS)
    with farm.database.read() as session:
        assert session.scalars(select(Job.public_id)).all() == [job_id]
    assert dispatch(farm.database, farm.bell) == 1


def test_a_step_that_has_just_begun_waits_for_the_database(farm: Farm, server: PostgresServer) -> None:
    submit(farm, make_org(farm.database), WORDS)
    with ExitStack() as outage:
        after_the_next_commit(farm.database, lambda: outage.enter_context(server.away()))
        at_the_next_error(farm.database, outage.close)
        assert work_off(farm, steps=1) == 1
    with farm.database.read() as session:
        assert session.scalars(select(StepAttempt.outcome)).all() == ["succeeded"]


def test_a_read_keeps_its_answer_when_its_connection_dies_on_the_way_back(farm: Farm, server: PostgresServer) -> None:
    with farm.database.read() as session:
        session.execute(select(Job.id))
    with farm.database.read() as session:
        assert session.scalar(text("SELECT 2")) == 2
        server.cut_connections()


def test_a_read_shows_what_was_committed_meanwhile_and_a_write_after_it_is_a_transaction(
    server: PostgresServer,
) -> None:
    database = Database(server.new_database())
    with database.begin() as session:
        session.execute(text("CREATE TABLE facts (number INTEGER)"))
    count = text("SELECT count(*) FROM facts")
    with database.read() as reading:
        assert reading.scalar(count) == 0
        with database.begin() as session:
            session.execute(text("INSERT INTO facts VALUES (1)"))
        assert reading.scalar(count) == 1
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        session.execute(text("INSERT INTO facts VALUES (2)"))
        raise ZeroDivisionError
    with database.read() as reading:
        assert reading.scalar(count) == 1
    database.close()


def test_a_doorbell_that_finds_no_database_is_let_go(farm: Farm, server: PostgresServer) -> None:
    submit(farm, make_org(farm.database), WORDS)
    assert isinstance(farm.bell, ListBell)
    with server.away():
        run_step(farm, SteadyHeartbeat(), farm.bell.rung[0].step_id, "worker-1")
    assert work_off(farm) > 0
    with farm.database.read() as session:
        assert session.scalars(select(Job.status)).all() == ["succeeded"]


def test_connections_that_die_in_reads_keep_no_place_in_the_pool(farm: Farm, server: PostgresServer) -> None:
    database = farm.database
    for _ in range(MOST_CONNECTIONS + 1):
        with suppress(OperationalError):
            # The second finds the first's connection, and loses it.
            with database.read() as session:
                session.execute(select(Job.id))
            with database.read() as session:
                session.execute(select(Job.id))
                server.cut_connections()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with suppress(OperationalError), database.begin() as session:
        session.execute(select(Job.id))
    with database.begin() as session:
        assert session.execute(select(Job.id)).all() == []
