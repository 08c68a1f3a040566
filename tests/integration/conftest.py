"""Databases for tests of state, and a small farm on them: every such test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.database import Database
from app.models.migrate import migrate
from app.services.farm import Farm
from tests.farms import make_farm, make_org
from tests.servers import PostgresServer, skip_reason_for_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    reason = skip_reason_for_postgres()
    if reason:
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'farm.db'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def farm(database: Database, tmp_path: Path) -> Farm:
    return make_farm(database, tmp_path)


@pytest.fixture
def org_id(database: Database) -> int:
    return make_org(database)
