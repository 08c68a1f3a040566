"""What goes wrong around a delivery: it is sent again under its id, and nobody else waits for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from redis import Redis
from sqlalchemy import func, select

from app.client import VideoRequest
from app.domain.states import JobStatus
from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, Worker
from app.models.database import Database
from app.models.migrate import migrate
from app.services.webhook_claim import LEASE_S
from tests.farms import make_org
from tests.hooks_workers import HeldReceiver, hooks_worker
from tests.made_webhooks import (
    SECRET,
    attempts_of,
    change,
    delivery_of,
    endpoint_of,
    make_endpoint,
    make_messages,
    now_of,
)
from tests.preloads import WrongClock, skip_reason_for_preloads
from tests.real_farm import RealFarm
from tests.servers import PostgresServer, RedisServer, free_port, skip_reason_for_postgres
from tests.waiting import wait_for
from workers.doorbell import CeleryBell


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    reason = skip_reason_for_postgres()
    if reason:
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'farm.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    migrate(url)
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def org_id(database: Database) -> int:
    return make_org(database)


@pytest.fixture
def receiver() -> Iterator[HeldReceiver]:
    with HeldReceiver() as receiver:
        yield receiver


on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def states_of(database: Database, endpoint_id: int) -> Counter[str]:
    with database.read() as session:
        of_endpoint = WebhookDelivery.endpoint_id == endpoint_id
        return Counter(
            dict(
                session.execute(
                    select(WebhookDelivery.status, func.count()).where(of_endpoint).group_by(WebhookDelivery.status)
                )
                .tuples()
                .all()
            )
        )


def test_killed_between_the_answer_and_the_row_it_sends_again_under_the_same_id(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path
) -> None:
    endpoint = make_endpoint(database, org_id, receiver.url)
    has_come, may_answer = threading.Event(), threading.Event()

    def wait() -> None:
        has_come.set()
        may_answer.wait(20)

    receiver.before_answer = wait
    [delivery] = make_messages(database, org_id, endpoint)
    with hooks_worker(database, tmp_path / "first", redis.url) as worker:
        assert has_come.wait(20)
        # While the row is locked (on SQLite, all of them), the answer arrives, and what came of it cannot be written.
        with database.begin() as session:
            session.get_one(WebhookEndpoint, endpoint, with_for_update=True)
            may_answer.set()
            time.sleep(0.5)
            worker.kill()
    row = delivery_of(database, delivery)
    assert (row.status, row.attempts, attempts_of(database, delivery)) == (DeliveryStatus.SENDING, 1, [])
    change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
    with hooks_worker(database, tmp_path / "second", redis.url):
        wait_for(lambda: delivery_of(database, delivery).status == DeliveryStatus.DELIVERED, within_s=20)
    assert len(receiver.ids) == 2
    assert receiver.ids[0] == receiver.ids[1]
    assert [attempt.number for attempt in attempts_of(database, delivery)] == [2]


@on_postgresql
def test_without_the_database_nothing_is_forgotten_and_nothing_sent_twice(
    database: Database,
    org_id: int,
    receiver: HeldReceiver,
    postgres: PostgresServer,
    redis: RedisServer,
    tmp_path: Path,
) -> None:
    endpoint = make_endpoint(database, org_id, f"{receiver.url}hang")
    deliveries = make_messages(database, org_id, endpoint, 6)
    with hooks_worker(database, tmp_path / "home", redis.url) as worker:
        wait_for(lambda: len(receiver.ids) == 3)
        with postgres.away():
            receiver.let_go.set()
            wait_for(lambda: worker.says("webhook_outcomes_kept"), within_s=30, what="outcomes that cannot be written")
        # Our own connections to it are gone as well.
        database.engine.dispose()
        wait_for(lambda: states_of(database, endpoint) == {"delivered": 6}, within_s=40)
    assert sorted(Counter(receiver.ids).values()) == [1] * 6
    assert [len(attempts_of(database, one)) for one in deliveries] == [1] * 6


def test_ten_thousand_for_a_dead_endpoint_keep_nobody_waiting_and_are_all_there(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path
) -> None:
    dead = make_endpoint(database, org_id, f"http://127.0.0.1:{free_port()}")
    others = [
        make_endpoint(database, org_id, receiver.url),
        make_endpoint(database, make_org(database, "other"), receiver.url),
    ]
    make_messages(database, org_id, dead, 10_000)
    with hooks_worker(database, tmp_path / "home", redis.url):
        wait_for(lambda: endpoint_of(database, dead).open_until is not None, within_s=30, what="an open breaker")
        for endpoint in others:
            make_messages(database, endpoint_of(database, endpoint).org_id, endpoint, 50)
        wait_for(lambda: all(states_of(database, one) == {"delivered": 50} for one in others), within_s=30)
        assert endpoint_of(database, dead).open_until is not None
    assert states_of(database, dead).total() == 10_000
    assert set(states_of(database, dead)) <= {"pending", "sending"}
    with database.read() as session:
        tried = session.scalar(select(func.count()).where(WebhookAttempt.endpoint_id == dead))
    # Ten open the breaker; another three were on their way at most, and a probe or two.
    assert 10 <= tried <= 16
    assert set(Counter(receiver.ids).values()) == {1}


def test_who_hangs_leaves_everyone_elses_first_attempts_alone(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path
) -> None:
    hanging = make_endpoint(database, org_id, f"{receiver.url}hang")
    make_messages(database, org_id, hanging, 200)
    other = make_org(database, "other")
    endpoint = make_endpoint(database, other, receiver.url)
    with hooks_worker(database, tmp_path / "home", redis.url, slots=4):
        wait_for(lambda: states_of(database, hanging)["sending"] >= 2)
        make_messages(database, other, endpoint, 50)
        wait_for(lambda: states_of(database, endpoint) == {"delivered": 50})
        assert states_of(database, hanging)["delivered"] == 0


def test_without_a_broker_messages_go_all_the_same(
    database: Database, org_id: int, receiver: HeldReceiver, tmp_path: Path
) -> None:
    endpoint = make_endpoint(database, org_id, receiver.url)
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    CeleryBell(nobody).ring_hooks()
    with hooks_worker(database, tmp_path / "home", nobody):
        make_messages(database, org_id, endpoint, 5)
        wait_for(lambda: states_of(database, endpoint) == {"delivered": 5}, within_s=20)


def test_a_worker_that_is_told_to_stop_ends_what_it_is_at_and_takes_nothing_more(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path
) -> None:
    endpoint = make_endpoint(database, org_id, f"{receiver.url}hang")
    make_messages(database, org_id, endpoint, 5)
    with hooks_worker(database, tmp_path / "home", redis.url) as worker:
        wait_for(lambda: len(receiver.ids) == 3)
        receiver.before_answer = lambda: time.sleep(0.2)
        worker.process.terminate()
        wait_for(lambda: worker.says("Warm shutdown"), within_s=20)
        receiver.let_go.set()
        assert worker.process.wait(timeout=30) == 0, worker.log()
    assert states_of(database, endpoint) == {"delivered": 3, "pending": 2}
    with database.read() as session:
        assert session.scalars(select(Worker)).all() == []


def test_a_bell_is_heard(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path
) -> None:
    """Many at once, of which most are not rung: what is written meanwhile goes with the next."""
    endpoint = make_endpoint(database, org_id, receiver.url)
    bell = CeleryBell(redis.url)
    with hooks_worker(database, tmp_path / "home", redis.url) as worker:
        for number in range(1, 11):
            make_messages(database, org_id, endpoint)
            bell.ring_hooks()
            wait_for(lambda number=number: len(receiver.ids) == number)
        assert worker.process.poll() is None


def test_bells_that_nobody_hears_do_not_fill_the_broker(redis: RedisServer) -> None:
    with contextlib.closing(Redis.from_url(redis.url)) as connection:
        connection.delete("hooks")
        for _ in range(30):
            CeleryBell(redis.url).ring_hooks()
        assert connection.llen("hooks") == 10
        connection.delete("hooks")


@pytest.mark.skipif(skip_reason_for_preloads() is not None, reason=str(skip_reason_for_preloads()))
@pytest.mark.parametrize("offset_s", [3600, -3600])
@on_postgresql
def test_a_worker_whose_clock_is_wrong_signs_what_receivers_take(
    database: Database, org_id: int, receiver: HeldReceiver, redis: RedisServer, tmp_path: Path, offset_s: int
) -> None:
    endpoint = make_endpoint(database, org_id, receiver.url)
    with hooks_worker(database, tmp_path / "home", redis.url, **WrongClock(tmp_path, offset_s).environment):
        [delivery] = make_messages(database, org_id, endpoint)
        wait_for(lambda: delivery_of(database, delivery).status == DeliveryStatus.DELIVERED, within_s=20)
    [attempt] = attempts_of(database, delivery)
    assert abs(attempt.at - now_of(database)) < 60


@pytest.fixture
def environment() -> dict[str, str]:
    return {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}


def test_a_farm_tells_of_its_jobs_though_its_hooks_worker_is_killed(farm: RealFarm, receiver: HeldReceiver) -> None:
    key = farm.settings.local_key_file.read_text().strip()
    made = urllib3.request(
        "POST",
        f"{farm.url}/api/webhooks/endpoints",
        json={"url": f"{receiver.url}hang", "secret": SECRET},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert made.status == 201, made.data
    job = farm.submit(VideoRequest(text="The rain falls on the hills.", size="180x320"))
    wait_for(lambda: receiver.ids, what="the first message")
    # What it is at has arrived, and nothing of it is written.
    os.kill(min(farm.pids("--queues hooks")), signal.SIGKILL)
    unwritten = set(receiver.ids)
    receiver.let_go.set()
    assert farm.finished(job).status == JobStatus.SUCCEEDED, farm.log()

    def told() -> set[str]:
        return {json.loads(received.body)["type"] for received in receiver.received}

    wait_for(lambda: told() >= {"video.queued", "video.started", "video.succeeded"}, within_s=90)

    def are_delivered() -> bool:
        with farm.database.read() as session:
            return set(session.scalars(select(WebhookDelivery.status))) == {DeliveryStatus.DELIVERED}

    # The leases of what it was at have to run out.
    wait_for(are_delivered, within_s=LEASE_S + 30, every_s=0.5)
    again = {message_id for message_id, count in Counter(receiver.ids).items() if count > 1}
    assert unwritten <= again
