"""What came of attempts, in the rows: deliveries, attempts, endpoints. On both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.domain.endpoint_health import TOLD_AT_ATTEMPT
from app.domain.webhook_states import AttemptError, DeliveryStatus
from app.domain.webhook_turns import Room
from app.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database
from app.services.webhook_claim import Claimed, claim
from app.services.webhook_outcomes import Sent, write_outcomes
from app.webhooks.exchange import Outcome
from tests.audit_log import audited
from tests.made_webhooks import (
    REFUSED,
    SEALER,
    TAKEN,
    attempts_of,
    change,
    delivery_of,
    endpoint_of,
    make_endpoint,
    make_messages,
    now_of,
)

DAY_S = 86_400.0


@pytest.fixture
def endpoint(database: Database, org_id: int) -> int:
    return make_endpoint(database, org_id)


def claimed(database: Database, count: int = 1) -> list[Claimed]:
    taken = claim(database, SEALER, Room(general=count))
    assert len(taken) == count
    return taken


def written(database: Database, *outcomes: Outcome) -> list[Claimed]:
    """As many deliveries as there are outcomes are claimed, and end so."""
    taken = claimed(database, len(outcomes))
    write_outcomes(database, [Sent(one, outcome, one.claimed_at) for one, outcome in zip(taken, outcomes, strict=True)])
    return taken


def test_a_success_ends_it(database: Database, org_id: int, endpoint: int) -> None:
    [delivery] = make_messages(database, org_id, endpoint)
    [taken] = written(database, TAKEN)
    row, [attempt] = delivery_of(database, delivery), attempts_of(database, delivery)
    assert (row.status, row.next_at, row.attempts) == (DeliveryStatus.DELIVERED, None, 1)
    assert (attempt.number, attempt.at, attempt.duration_ms) == (1, taken.claimed_at, TAKEN.duration_ms)
    assert write_outcomes(database, [Sent(taken, TAKEN, 0.0)]) == 0


def test_a_failure_is_tried_again_and_the_last_one_is_not(database: Database, org_id: int, endpoint: int) -> None:
    [delivery] = make_messages(database, org_id, endpoint)
    written(database, REFUSED)
    row = delivery_of(database, delivery)
    assert row.status == DeliveryStatus.PENDING
    assert 4 <= row.next_at - now_of(database) + 1 <= 7
    change(database, WebhookDelivery, delivery, attempts=7, next_at=1.0)
    written(database, REFUSED)
    row = delivery_of(database, delivery)
    assert (row.status, row.attempts, row.next_at) == (DeliveryStatus.FAILED, 8, None)
    assert [(attempt.number, attempt.next_at is None) for attempt in attempts_of(database, delivery)] == [
        (1, False),
        (8, True),
    ]


def test_an_outcome_that_is_told_twice_counts_once(database: Database, org_id: int, endpoint: int) -> None:
    """The commit was made, and its answer lost."""
    [delivery] = make_messages(database, org_id, endpoint)
    [taken] = written(database, REFUSED)
    assert write_outcomes(database, [Sent(taken, REFUSED, 0.0)]) == 0
    assert len(attempts_of(database, delivery)) == 1
    assert endpoint_of(database, endpoint).window_failures == 1


def test_what_a_receiver_answers_is_kept_without_secrets_and_whatever_it_is(
    database: Database, org_id: int, endpoint: int
) -> None:
    [delivery] = make_messages(database, org_id, endpoint)
    written(database, replace(REFUSED, response="\x00 your key whsec_abcdefghijklmnop is wrong"))
    [attempt] = attempts_of(database, delivery)
    assert attempt.response == "\N{REPLACEMENT CHARACTER} your key whsec_[redacted] is wrong"


def test_gone_disables_the_endpoint_and_ends_what_waits_for_it(database: Database, org_id: int, endpoint: int) -> None:
    deliveries = make_messages(database, org_id, endpoint, 9)
    # One beside it is still to be tried again, were it not for the other.
    written(database, REFUSED, replace(REFUSED, status_code=410), TAKEN)
    row = endpoint_of(database, endpoint)
    assert (row.disabled_reason, row.failing_since) == ("gone", None)
    # For whoever has no other endpoint that could be told.
    [entry] = audited(database)
    assert (entry.action, entry.target, entry.user_id) == ("webhook_endpoint.disabled", row.public_id, None)
    assert entry.after == {"reason": "gone", "url": row.url}
    states = [delivery_of(database, one).status for one in deliveries]
    assert states == ["failed", "failed", "delivered", *["failed"] * 6]
    assert claim(database, SEALER, Room(general=9)) == []


def test_what_is_on_its_way_when_its_endpoint_goes_ends_with_its_attempt(
    database: Database, org_id: int, endpoint: int
) -> None:
    first, second = make_messages(database, org_id, endpoint, 2)
    taken = claimed(database, 2)
    change(database, WebhookEndpoint, endpoint, deleted_at=1.0)
    outcomes = [REFUSED, TAKEN]
    write_outcomes(database, [Sent(one, end, 1.0) for one, end in zip(taken, outcomes, strict=True)])
    assert [delivery_of(database, one).status for one in (first, second)] == ["failed", "delivered"]
    assert endpoint_of(database, endpoint).failing_since is None


def test_most_that_fail_open_the_breaker_and_a_probe_closes_it(database: Database, org_id: int, endpoint: int) -> None:
    make_messages(database, org_id, endpoint, 30)
    for _ in range(9):
        written(database, REFUSED)
    assert endpoint_of(database, endpoint).open_until is None
    written(database, REFUSED)
    opened = endpoint_of(database, endpoint).open_until
    assert 25 < opened - now_of(database) <= 30
    change(database, WebhookEndpoint, endpoint, open_until=1.0)
    written(database, REFUSED)
    row = endpoint_of(database, endpoint)
    assert row.reopenings == 1
    assert 55 < row.open_until - now_of(database) <= 60
    change(database, WebhookEndpoint, endpoint, open_until=1.0)
    written(database, TAKEN)
    row = endpoint_of(database, endpoint)
    assert (row.open_until, row.reopenings, row.failing_since) == (None, 0, None)


def test_an_endpoint_that_has_failed_for_five_days_is_disabled(database: Database, org_id: int, endpoint: int) -> None:
    make_messages(database, org_id, endpoint, 2)
    change(database, WebhookEndpoint, endpoint, failing_since=now_of(database) - 5 * DAY_S)
    written(database, REFUSED)
    assert endpoint_of(database, endpoint).disabled_reason == "failing"


def test_its_people_are_told_in_the_same_transaction(database: Database, org_id: int, endpoint: int) -> None:
    watching = make_endpoint(
        database, org_id, event_types=["endpoint.failing", "endpoint.recovered", "message.exhausted"]
    )
    make_messages(database, org_id, endpoint, attempts=TOLD_AT_ATTEMPT - 1)
    written(database, REFUSED)
    assert told(database, watching) == ["endpoint.failing"]
    assert endpoint_of(database, endpoint).told_failing_at is not None
    drop_waiting(database)
    make_messages(database, org_id, endpoint, attempts=7)
    written(database, replace(REFUSED, status_code=None, error=AttemptError.TIMEOUT))
    assert told(database, watching) == ["endpoint.failing", "message.exhausted"]
    drop_waiting(database)
    make_messages(database, org_id, endpoint)
    written(database, TAKEN)
    assert told(database, watching) == ["endpoint.failing", "message.exhausted", "endpoint.recovered"]


def told(database: Database, endpoint_id: int) -> list[str]:
    with database.read() as session:
        return list(
            session.scalars(
                select(WebhookMessage.type)
                .join(WebhookDelivery, WebhookDelivery.message_id == WebhookMessage.id)
                .where(WebhookDelivery.endpoint_id == endpoint_id)
                .order_by(WebhookMessage.id)
            )
        )


def drop_waiting(database: Database) -> None:
    """So that the next claim finds what the test makes next."""
    with database.begin() as session:
        for row in session.scalars(select(WebhookDelivery).where(WebhookDelivery.status == "pending")):
            row.next_at = now_of(database) + DAY_S
