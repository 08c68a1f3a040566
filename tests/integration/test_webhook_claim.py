"""Which deliveries go, when, and how many at once: on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from app.domain.ids import new_id
from app.domain.webhook_states import DeliveryStatus, DisabledReason
from app.domain.webhook_turns import Room, room_in
from app.models import PoolPause, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database
from app.services.sealing import Sealer
from app.services.webhook_claim import LEASE_S, claim
from app.services.webhook_health import disable
from tests.farms import make_org
from tests.made_webhooks import (
    PLENTY,
    REFUSED,
    SECRET,
    attempts_of,
    change,
    claim_all,
    delivery_of,
    ended,
    endpoint_of,
    make_endpoint,
    make_messages,
    now_of,
)
from tests.statements import counted
from tests.waiting import wait_for


def test_a_claim_has_all_that_it_takes_to_send(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id, "https://example.com/hook")
    [delivery] = make_messages(database, org_id, endpoint)
    [one] = claim_all(database)
    with database.read() as session:
        message = session.scalars(select(WebhookMessage)).one()
    assert (one.url, one.body, one.message_id) == ("https://example.com/hook", message.body, message.public_id)
    assert (one.secrets, one.attempts, one.token, one.is_first) == ((SECRET,), 1, 1, True)
    assert SECRET not in repr(one)
    row = delivery_of(database, delivery)
    assert (row.status, row.attempts) == (DeliveryStatus.SENDING, 1)
    assert 0 <= now_of(database) + LEASE_S - row.lease_expires_at < 5


def test_what_is_claimed_is_nobody_elses(database: Database, org_id: int) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id))
    assert (len(claim_all(database)), claim_all(database)) == (1, [])


def test_what_is_not_due_does_not_go(database: Database, org_id: int) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id), next_at=now_of(database) + 60)
    assert claim_all(database) == []


def test_three_at_once_go_to_an_endpoint_and_the_oldest_first(database: Database, org_id: int) -> None:
    deliveries = make_messages(database, org_id, make_endpoint(database, org_id), 10)
    first = claim_all(database)
    assert [one.delivery_id for one in first] == deliveries[:3]
    assert claim_all(database) == []
    ended(database, first[:1])
    assert [one.delivery_id for one in claim_all(database)] == deliveries[3:4]


def test_one_at_a_time_goes_to_an_endpoint_whose_last_attempt_has_failed(database: Database, org_id: int) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id), 10)
    ended(database, claim_all(database), REFUSED)
    [one] = claim_all(database)
    assert claim_all(database) == []
    ended(database, [one])
    assert len(claim_all(database)) == 3


def test_endpoints_take_turns_and_so_do_organisations(database: Database, org_id: int) -> None:
    other = make_org(database, "other")
    for _ in range(4):
        make_messages(database, org_id, make_endpoint(database, org_id), 10)
    make_messages(database, other, make_endpoint(database, other), 10)
    assert Counter(one.org_id for one in claim_all(database, Room(general=2))) == {org_id: 1, other: 1}
    # The rest of the other's own three, and as many of the first one's.
    assert Counter(one.org_id for one in claim_all(database, Room(general=4))) == {org_id: 2, other: 2}


def test_no_organisation_has_more_than_half_of_a_process(database: Database, org_id: int) -> None:
    for _ in range(8):
        make_messages(database, org_id, make_endpoint(database, org_id), 10)
    of_org = {org_id: len(claim_all(database, room_in(16, {}, 0)))}
    assert of_org == {org_id: 8}
    assert claim_all(database, room_in(16, of_org, 0)) == []


def test_slots_are_kept_for_first_attempts(database: Database, org_id: int) -> None:
    for _ in range(16):
        make_messages(database, org_id, make_endpoint(database, org_id), 10, attempts=1)
    retries = claim_all(database, Room(general=12, first_only=4))
    assert len(retries) == 12
    endpoint = make_endpoint(database, org_id)
    make_messages(database, org_id, endpoint, 10, attempts=2)
    fresh = make_messages(database, org_id, endpoint, 2)
    # Not for one that fails: it has its turn among the others.
    make_messages(database, org_id, make_endpoint(database, org_id, failing_since=1.0), 2)
    assert [one.delivery_id for one in claim_all(database, Room(general=0, first_only=4))] == fresh


def test_an_open_breaker_lets_nothing_go_and_then_one(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id)
    make_messages(database, org_id, endpoint, 10)
    change(database, WebhookEndpoint, endpoint, open_until=now_of(database) + 60)
    assert claim_all(database) == []
    change(database, WebhookEndpoint, endpoint, open_until=now_of(database) - 1)
    assert len(claim_all(database)) == 1
    assert claim_all(database) == []


def test_what_was_asked_for_goes_whatever_the_endpoints_health(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id, disabled_at=1.0, disabled_reason="asked")
    make_messages(database, org_id, endpoint, 3, status=DeliveryStatus.FAILED, next_at=None)
    [asked] = make_messages(database, org_id, endpoint, is_manual=True, attempts=8)
    [one] = claim_all(database)
    assert (one.delivery_id, one.is_manual, one.attempts, one.is_first) == (asked, True, 8, False)
    ended(database, [one], REFUSED)
    row = delivery_of(database, asked)
    assert (row.status, row.is_manual, row.attempts) == (DeliveryStatus.FAILED, False, 8)
    assert endpoint_of(database, endpoint).failing_since is None
    [attempt] = attempts_of(database, asked)
    assert (attempt.is_manual, attempt.error, attempt.next_at) == (True, "status", None)


def test_what_was_asked_for_goes_before_an_open_breaker_and_the_schedule_goes_on(
    database: Database, org_id: int
) -> None:
    endpoint = make_endpoint(database, org_id, open_until=now_of(database) + 60)
    make_messages(database, org_id, endpoint, 20)
    later = now_of(database) + 3600
    [asked] = make_messages(database, org_id, endpoint, is_manual=True, attempts=2, resume_at=later)
    [one] = claim_all(database)
    assert one.delivery_id == asked
    ended(database, [one], REFUSED)
    row = delivery_of(database, asked)
    assert (row.status, row.next_at, row.attempts, row.resume_at) == (DeliveryStatus.PENDING, later, 2, None)


def test_nothing_goes_to_an_endpoint_that_is_deleted(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id)
    waiting = make_messages(database, org_id, endpoint, 2)
    make_messages(database, org_id, endpoint, is_manual=True)
    with database.begin() as session:
        row = session.get_one(WebhookEndpoint, endpoint, with_for_update=True)
        row.deleted_at = 1.0
        assert disable(session, row, DisabledReason.ASKED, 2.0) == 3
    assert claim_all(database) == []
    assert delivery_of(database, waiting[0]).status == DeliveryStatus.FAILED


def test_a_throttled_endpoint_gets_no_more_than_it_allows(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id, per_minute=30)
    make_messages(database, org_id, endpoint, 10)
    first = claim_all(database)
    assert len(first) == 1
    ended(database, first)
    assert claim_all(database) == []
    free_at = endpoint_of(database, endpoint).free_at
    assert 1.5 < free_at - now_of(database) <= 2.0
    change(database, WebhookEndpoint, endpoint, free_at=free_at - 2.0)
    assert len(claim_all(database)) == 1


def test_nothing_goes_while_the_pool_is_paused(database: Database, org_id: int) -> None:
    make_messages(database, org_id, make_endpoint(database, org_id))
    with database.begin() as session:
        session.add(PoolPause(pool="hooks", reason="maintenance", since=0.0, until=None))
    assert claim_all(database) == []


def test_ten_thousand_for_one_dead_endpoint_cost_no_more_than_ten(database: Database, org_id: int) -> None:
    dead, other = make_endpoint(database, org_id), make_endpoint(database, make_org(database, "other"))
    change(database, WebhookEndpoint, dead, failing_since=1.0)
    make_messages(database, org_id, dead, 10)
    make_messages(database, org_id, other, 1)
    with counted(database) as few:
        assert len(claim_all(database)) == 2
    with database.begin() as session:
        session.execute(update(WebhookDelivery).values(status=DeliveryStatus.PENDING))
    make_messages(database, org_id, dead, 10_000)
    if database.engine.dialect.name == "postgresql":
        with database.begin() as session:
            session.connection().exec_driver_sql("ANALYZE")
    with effort(database) as made, counted(database) as many:
        assert len(claim_all(database)) == 2
    assert len(many) == len(few)
    assert made() < 200


@contextmanager
def effort(database: Database) -> Iterator[Callable[[], int]]:
    """What the block costs the database: entries of tables and indexes read, or hundreds of SQLite's own steps."""
    if database.engine.dialect.name == "sqlite":
        steps = [0]

        def step() -> int:
            steps[0] += 1
            return 0

        def watch(connection: Any, *_: object) -> None:
            connection.set_progress_handler(step, 100)

        event.listen(database.engine, "checkout", watch)
        yield lambda: steps[0]
        event.remove(database.engine, "checkout", watch)
        return

    def entries() -> int:
        # A connection tells what it has done when it ends.
        database.engine.dispose()
        with database.read() as session:
            of_ours = "relname LIKE 'webhook%%'"
            read = session.connection().exec_driver_sql(
                f"SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE {of_ours})"
                f" + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE {of_ours})"
            )
            return int(read.scalar_one())

    before = settled(entries)
    yield lambda: settled(entries) - before


def settled(count: Callable[[], int]) -> int:
    """The count once it stands still: what a connection tells when it ends comes a moment later."""
    seen = [-1]

    def stands_still() -> bool:
        seen.append(count())
        return seen[-1] == seen[-2]

    wait_for(stands_still, every_s=0.2)
    return seen[-1]


def test_many_who_claim_at_once_take_each_delivery_once(database: Database, org_id: int) -> None:
    for _ in range(5):
        make_messages(database, org_id, make_endpoint(database, org_id), 40)
    taken: list[int] = []

    def work() -> None:
        while True:
            claimed = claim_all(database, Room(general=4))
            taken.extend(one.delivery_id for one in claimed)
            if not claimed:
                with database.read() as session:
                    left = session.scalar(
                        select(WebhookDelivery.id).where(WebhookDelivery.status == "pending").limit(1)
                    )
                if left is None:
                    return
            ended(database, claimed)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(taken) == len(set(taken)) == 200
    with database.read() as session:
        assert set(session.scalars(select(WebhookDelivery.status))) == {"delivered"}


def test_what_cannot_be_signed_stays_and_keeps_nothing_else(database: Database, org_id: int) -> None:
    stranger = Sealer(b"what another host has")
    for _ in range(3):
        make_messages(database, org_id, make_endpoint(database, org_id, sealer=stranger), 2)
    make_messages(database, org_id, make_endpoint(database, org_id), 2)
    assert len(claim_all(database)) == 2
    assert len(claim(database, stranger, PLENTY)) == 6


# SQLite has one writer at a time.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_writes_messages_and_who_claims_them_do_not_wait_for_each_other(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id)
    make_messages(database, org_id, endpoint, 2)
    with database.begin() as writing:
        # A foreign key holds its endpoint until the end of whatever the message reports.
        writing.execute(
            insert(WebhookDelivery).values(
                org_id=org_id,
                message_id=make_message(writing, org_id),
                endpoint_id=endpoint,
                status=DeliveryStatus.PENDING,
                attempts=0,
                token=0,
                next_at=1.0,
                is_manual=False,
                created_at=1.0,
            )
        )
        assert len(claim_all(database)) == 2


def make_message(session: Session, org_id: int) -> int:
    message = WebhookMessage(public_id=new_id("msg"), org_id=org_id, type="video.failed", body=b"{}", created_at=1.0)
    session.add(message)
    session.flush()
    return message.id
