"""Deliveries from the row to the receiver and back: a real loop, real HTTP, both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
from sqlalchemy import func, select

from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookAttempt, WebhookDelivery
from app.models.database import Database
from app.webhooks.exchange import Exchange
from app.webhooks.target import Guard
from tests.farms import make_org
from tests.hooks_workers import HeldReceiver
from tests.made_webhooks import SEALER, attempts_of, delivery_of, make_endpoint, make_messages
from tests.waiting import wait_for
from workers.delivery_loop import DeliveryLoop
from workers.webhook_receiver import Behaviour


@pytest.fixture
def receiver() -> Iterator[HeldReceiver]:
    with HeldReceiver() as receiver:
        yield receiver


@contextmanager
def running(database: Database, slots: int = 16, deadline_s: float = 15.0) -> Iterator[DeliveryLoop]:
    exchange = Exchange(Guard([ip_network("127.0.0.0/8")]), deadline_s)
    loop = DeliveryLoop(database, SEALER, exchange, slots)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop(grace_s=20.0)
        exchange.close()


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.scalars(select(WebhookDelivery.status)))


def test_messages_arrive_signed_and_each_attempt_is_a_row(
    database: Database, org_id: int, receiver: HeldReceiver
) -> None:
    deliveries = make_messages(database, org_id, make_endpoint(database, org_id, receiver.url), 20)
    with running(database):
        wait_for(lambda: states(database) == {"delivered": 20}, within_s=20)
    assert len(set(receiver.ids)) == len(receiver.ids) == 20
    [attempt] = attempts_of(database, deliveries[0])
    assert (attempt.number, attempt.status_code, attempt.error, attempt.response) == (1, 200, None, "thank you\n")
    assert attempt.public_id.startswith("att_")
    row = delivery_of(database, deliveries[0])
    assert (row.next_at, row.lease_expires_at) == (None, None)
    assert row.finished_at >= attempt.at


def test_what_fails_waits_for_its_time(database: Database, org_id: int, receiver: HeldReceiver) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id, receiver.url))
    receiver.behaviour = Behaviour(answer=500)
    with running(database):
        [attempt] = wait_for(lambda: attempts_of(database, delivery))
    row = delivery_of(database, delivery)
    assert (row.status, row.next_at, attempt.error) == (DeliveryStatus.PENDING, attempt.next_at, "status")
    assert 3 < row.next_at - attempt.at < 10


def test_a_bell_is_answered_before_the_next_look(database: Database, org_id: int, receiver: HeldReceiver) -> None:
    endpoint = make_endpoint(database, org_id, receiver.url)
    with running(database) as loop:
        for number in range(1, 4):
            make_messages(database, org_id, endpoint)
            loop.wake()
            wait_for(lambda number=number: len(receiver.ids) == number, every_s=0.01)


def test_who_hangs_leaves_everyone_elses_first_attempts_alone(
    database: Database, org_id: int, receiver: HeldReceiver
) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id, f"{receiver.url}hang"), 200)
    other = make_org(database, "other")
    endpoint = make_endpoint(database, other, receiver.url)
    with running(database, slots=8):
        wait_for(lambda: states(database)["sending"] == 3)
        fresh = make_messages(database, other, endpoint, 30)
        wait_for(lambda: all(attempts_of(database, one) for one in fresh))
        assert states(database) == {"sending": 3, "pending": 197, "delivered": 30}
        receiver.let_go.set()


def test_a_loop_that_stops_sends_what_it_has_and_gives_back_the_rest(
    database: Database, org_id: int, receiver: HeldReceiver
) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id, f"{receiver.url}hang"), 5)
    exchange = Exchange(Guard([ip_network("127.0.0.0/8")]))
    loop = DeliveryLoop(database, SEALER, exchange, 4)
    loop.start()
    wait_for(lambda: len(receiver.ids) == 2)
    threading.Timer(0.3, receiver.let_go.set).start()
    loop.stop(grace_s=20.0)
    exchange.close()
    assert states(database) == {"delivered": 2, "pending": 3}


def test_what_does_not_end_in_time_is_given_back_and_its_attempt_counts(
    database: Database, org_id: int, receiver: HeldReceiver
) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id, f"{receiver.url}hang"))
    exchange = Exchange(Guard([ip_network("127.0.0.0/8")]))
    loop = DeliveryLoop(database, SEALER, exchange, 4)
    loop.start()
    wait_for(lambda: receiver.ids)
    loop.stop(grace_s=0.1)
    row = delivery_of(database, delivery)
    assert (row.status, row.attempts) == (DeliveryStatus.PENDING, 1)
    receiver.let_go.set()
    exchange.close()


def test_nothing_is_written_twice_by_several_loops(database: Database, org_id: int, receiver: HeldReceiver) -> None:
    for _ in range(4):
        make_messages(database, org_id, make_endpoint(database, org_id, receiver.url), 25)
    with running(database), running(database):
        wait_for(lambda: states(database) == {"delivered": 100}, within_s=30)
    assert len(receiver.ids) == len(set(receiver.ids)) == 100
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(WebhookAttempt)) == 100
