"""Deliveries whose worker dies, is late, or goes: on both databases."""

from __future__ import annotations

from app.domain.webhook_states import DeliveryStatus
from app.models import WebhookDelivery, WebhookEndpoint
from app.models.database import Database
from app.services.webhook_leases import give_back, take_back_expired
from app.services.webhook_outcomes import Sent, write_outcomes
from tests.made_webhooks import (
    REFUSED,
    TAKEN,
    attempts_of,
    change,
    claim_all,
    delivery_of,
    ended,
    make_endpoint,
    make_messages,
    now_of,
)


def test_the_deliveries_of_a_dead_worker_go_again_under_the_same_id(database: Database, org_id: int) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id))
    [lost] = claim_all(database)
    assert take_back_expired(database) == 0
    change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
    assert take_back_expired(database) == 1
    [again] = claim_all(database)
    assert (again.message_id, again.attempts, again.token) == (lost.message_id, 2, 2)
    # What the first one knew comes too late.
    assert write_outcomes(database, [Sent(lost, TAKEN, lost.claimed_at)]) == 0
    assert (delivery_of(database, delivery).status, attempts_of(database, delivery)) == (DeliveryStatus.SENDING, [])


def test_what_came_of_it_counts_if_nobody_has_claimed_it_since(database: Database, org_id: int) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id))
    [late] = claim_all(database)
    change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
    take_back_expired(database)
    ended(database, [late])
    assert delivery_of(database, delivery).status == DeliveryStatus.DELIVERED


def test_what_somebody_has_asked_for_since_still_goes(database: Database, org_id: int) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id))
    [late] = claim_all(database)
    change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
    take_back_expired(database)
    change(database, WebhookDelivery, delivery, is_manual=True)
    ended(database, [late], REFUSED)
    [asked_for] = claim_all(database)
    assert asked_for.is_manual


def test_the_lost_attempts_of_an_endpoint_that_is_gone_end(database: Database, org_id: int) -> None:
    endpoint = make_endpoint(database, org_id)
    [delivery] = make_messages(database, org_id, endpoint)
    claim_all(database)
    change(database, WebhookEndpoint, endpoint, disabled_at=1.0)
    change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
    take_back_expired(database)
    assert delivery_of(database, delivery).status == DeliveryStatus.FAILED


def test_what_a_message_does_to_its_worker_is_not_done_for_ever(database: Database, org_id: int) -> None:
    [delivery] = make_messages(database, org_id, make_endpoint(database, org_id))
    for _ in range(20):
        if not claim_all(database):
            break
        change(database, WebhookDelivery, delivery, lease_expires_at=now_of(database) - 1)
        take_back_expired(database)
    row = delivery_of(database, delivery)
    assert (row.status, row.attempts) == (DeliveryStatus.FAILED, 12)


def test_what_a_worker_gives_back_is_due_as_it_was(database: Database, org_id: int) -> None:
    first, second = make_messages(database, org_id, make_endpoint(database, org_id), 2)
    due = delivery_of(database, first).next_at
    untouched, cut_off = claim_all(database)
    assert give_back(database, [untouched], untouched=True) == 1
    assert give_back(database, [cut_off], untouched=False) == 1
    rows = [delivery_of(database, one) for one in (first, second)]
    assert [row.attempts for row in rows] == [0, 1]
    assert {row.status for row in rows} == {DeliveryStatus.PENDING}
    assert rows[0].next_at == due
    assert give_back(database, [untouched], untouched=True) == 0
