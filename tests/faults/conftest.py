"""Both stacks: SQLite with the embedded broker, and PostgreSQL with a Redis over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.brokers import Broker, EmbeddedBroker, TcpBroker
from tests.chat_vendor import ChatVendor
from tests.faults.sizes import FULL, QUICK, Sizes
from tests.real_farm import RealFarm, real_farm
from tests.servers import PostgresServer, RedisServer, skip_reason_for_postgres

FULL_SIZE_WITHIN_S = 3600


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full-size"):
        for item in items:
            if item.get_closest_marker("row"):
                item.add_marker(pytest.mark.timeout(FULL_SIZE_WITHIN_S))


@dataclass(frozen=True)
class Servers:
    """What stands outside of the farm."""

    postgres: PostgresServer
    redis: RedisServer


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> Sizes:
    return FULL if request.config.getoption("--full-size") else QUICK


@pytest.fixture
def vendor() -> Iterator[ChatVendor]:
    """A vendor of scripts on loopback, for farms that are told of its address."""
    with ChatVendor() as vendor:
        yield vendor


@pytest.fixture
def environment() -> dict[str, str]:
    """Settings of the farm under test; a module that needs others has a fixture of this name."""
    return {}


@pytest.fixture(params=["embedded", "servers"])
def servers(request: pytest.FixtureRequest) -> Iterator[Servers | None]:
    """None for the farm that needs none."""
    if request.param == "embedded":
        yield None
        return
    reason = skip_reason_for_postgres()
    if reason:
        pytest.skip(reason)
    with PostgresServer() as postgres, RedisServer() as redis:
        yield Servers(postgres, redis)


@pytest.fixture
def farm(servers: Servers | None, tmp_path: Path, environment: dict[str, str]) -> Iterator[RealFarm]:
    urls = {}
    if servers is not None:
        urls = {"DATABASE_URL": servers.postgres.new_database(), "REDIS_URL": servers.redis.url}
    with real_farm(tmp_path / "home", **urls, **environment) as running:
        yield running


@pytest.fixture
def broker(farm: RealFarm, servers: Servers | None) -> Iterator[Broker]:
    broker = EmbeddedBroker(farm) if servers is None else TcpBroker(farm, servers.redis)
    yield broker
    broker.close()
