"""When a failed attempt is tried again."""

from __future__ import annotations

import pytest

from app.domain.errors import BadMedia, ProviderUnavailable, SceneworksError, StorageFull, WorkerLost
from app.domain.retry import DISK_PATIENCE_S, VENDOR_PATIENCE_S, GiveUp, Postpone, Retry, decide, ring_patience_s
from app.domain.waits import WaitReason


def test_a_permanent_failure_is_never_tried_again() -> None:
    assert decide(BadMedia("cut off"), attempt=1, max_attempts=4) == GiveUp()


def test_a_lost_worker_is_no_fault_of_the_work_and_costs_no_time() -> None:
    assert decide(WorkerLost("gone"), attempt=1, max_attempts=4) == Retry(0.0)


def test_a_step_that_loses_worker_after_worker_is_tried_less_and_less_often() -> None:
    delays = [decide(WorkerLost("gone"), attempt=attempt, max_attempts=5) for attempt in (2, 3, 4)]
    assert delays == [Retry(1.0), Retry(2.0), Retry(4.0)]


def test_even_a_lost_worker_stops_at_the_limit_because_the_step_may_be_what_kills_it() -> None:
    assert decide(WorkerLost("gone"), attempt=4, max_attempts=4) == GiveUp()


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (9, 60.0)])
def test_the_delay_doubles_up_to_a_minute(attempt: int, delay_s: float) -> None:
    assert decide(ProviderUnavailable("busy"), attempt=attempt, max_attempts=10) == Retry(delay_s)


def test_a_vendor_that_says_when_to_come_back_costs_no_attempt() -> None:
    assert decide(ProviderUnavailable("busy", retry_after_s=40), attempt=4, max_attempts=4) == Postpone(40.0)


def test_a_vendor_that_always_says_at_once_is_asked_less_and_less_often() -> None:
    at_once = ProviderUnavailable("busy", retry_after_s=0)
    assert [decide(at_once, attempt=1, max_attempts=4, claims=claims) for claims in (1, 3, 50)] == [
        Postpone(1.0),
        Postpone(4.0),
        Postpone(60.0),
    ]


def test_patience_with_a_vendor_ends_after_a_day() -> None:
    later = ProviderUnavailable("busy", retry_after_s=3600)
    assert decide(later, attempt=1, max_attempts=4, postponed_s=VENDOR_PATIENCE_S - 3600) == Postpone(3600.0)
    assert decide(later, attempt=1, max_attempts=4, postponed_s=VENDOR_PATIENCE_S - 3599) == GiveUp()


def test_an_unforeseen_error_gets_its_attempts() -> None:
    assert decide(SceneworksError("a bug"), attempt=1, max_attempts=4) == Retry(1.0)


def test_patience_with_an_unanswered_doorbell_doubles_up_to_a_minute() -> None:
    assert [ring_patience_s(rings) for rings in (1, 2, 3, 9)] == [5.0, 10.0, 20.0, 60.0]


def test_a_full_disk_costs_no_attempt_and_is_looked_at_less_and_less_often() -> None:
    full = StorageFull("no room")
    assert [decide(full, attempt=4, max_attempts=4, claims=claims) for claims in (1, 2, 50)] == [
        Postpone(1.0, WaitReason.STORAGE_FULL),
        Postpone(2.0, WaitReason.STORAGE_FULL),
        Postpone(60.0, WaitReason.STORAGE_FULL),
    ]


def test_patience_with_a_full_disk_outlasts_a_weekend_and_ends_after_a_week() -> None:
    full = StorageFull("no room")
    assert isinstance(decide(full, attempt=1, max_attempts=4, postponed_s=3 * 24 * 3600.0), Postpone)
    assert decide(full, attempt=1, max_attempts=4, postponed_s=DISK_PATIENCE_S) == GiveUp()
