"""Both stacks: SQLite with the embedded broker, and PostgreSQL with a Redis over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_farm import RealFarm, real_farm
from tests.servers import PostgresServer, RedisServer, skip_reason_for_postgres


@pytest.fixture
def environment() -> dict[str, str]:
    """Settings of the farm under test; a module that needs others has a fixture of this name."""
    return {}


@pytest.fixture(params=["embedded", "servers"])
def farm(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Iterator[RealFarm]:
    if request.param == "embedded":
        with real_farm(tmp_path / "home", **environment) as running:
            yield running
        return
    reason = skip_reason_for_postgres()
    if reason:
        pytest.skip(reason)
    with (
        PostgresServer() as postgres,
        RedisServer() as redis,
        real_farm(
            tmp_path / "home", DATABASE_URL=postgres.new_database(), REDIS_URL=redis.url, **environment
        ) as running,
    ):
        yield running
