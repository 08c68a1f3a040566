"""When a webhook is tried again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.webhook_schedule import MOST_ATTEMPTS, after_failure, after_manual_failure, next_wait_s
from app.domain.webhook_states import AttemptError, DeliveryStatus


@dataclass(frozen=True)
class Failed:
    status_code: int | None = 500
    error: AttemptError | None = AttemptError.STATUS
    retry_after_s: float | None = None


def test_eight_attempts_over_a_day_and_a_bit() -> None:
    waits = [next_wait_s(made, Failed(), 0.0) for made in range(1, 9)]
    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 36_000, None]
    assert MOST_ATTEMPTS == 8


@pytest.mark.parametrize(("jitter", "wait_s"), [(-1.0, 240), (1.0, 360), (0.5, 330)])
def test_jitter_moves_a_wait_by_a_fifth(jitter: float, wait_s: float) -> None:
    assert next_wait_s(2, Failed(), jitter) == pytest.approx(wait_s)


@pytest.mark.parametrize("jitter", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize(
    "outcome",
    [*(Failed(status_code=code) for code in (429, 502, 504)), Failed(None, AttemptError.TIMEOUT)],
)
def test_a_receiver_that_is_overloaded_is_left_in_peace_for_a_minute(outcome: Failed, jitter: float) -> None:
    wait_s = next_wait_s(1, outcome, jitter)
    assert wait_s is not None
    assert 60 <= wait_s + 1e-9 <= 90.1
    assert next_wait_s(2, outcome, jitter) == pytest.approx(300 * (1 + jitter / 5))


@pytest.mark.parametrize(("asked_s", "wait_s"), [(1, 300), (450, 450), (100_000, 600)])
def test_retry_after_is_honoured_up_to_twice_the_wait(asked_s: float, wait_s: float) -> None:
    assert next_wait_s(2, Failed(503, retry_after_s=asked_s), 0.0) == wait_s


def test_gone_ends_it() -> None:
    assert next_wait_s(1, Failed(410), 0.0) is None
    assert after_failure(1, Failed(410), 0.0, 100.0).status is DeliveryStatus.FAILED


def test_what_comes_next() -> None:
    fate = after_failure(1, Failed(), 0.0, 100.0)
    assert (fate.status, fate.next_at) == (DeliveryStatus.PENDING, 105.0)
    assert after_failure(8, Failed(), 0.0, 100.0).status is DeliveryStatus.FAILED


def test_after_a_try_by_hand_the_schedule_goes_on_where_it_was() -> None:
    assert after_manual_failure(None).status is DeliveryStatus.FAILED
    assert (after_manual_failure(7.0).status, after_manual_failure(7.0).next_at) == (DeliveryStatus.PENDING, 7.0)
