"""The breaker of an endpoint, what its people are told, and when it is disabled."""

from __future__ import annotations

from app.domain.breaker import CLOSED, Breaker, after_attempt
from app.domain.endpoint_health import Health, Judged, Notice, after_failure, after_success
from app.domain.webhook_states import DisabledReason

NOW = 1_000_000.0
DAY_S = 86_400.0


def attempts(breaker: Breaker, *successes: bool, now: float = NOW) -> Breaker:
    for is_success in successes:
        breaker = after_attempt(breaker, is_success, now)
    return breaker


def test_it_opens_for_half_a_minute_when_seven_of_ten_have_failed() -> None:
    assert attempts(CLOSED, *[False] * 9).open_until is None
    assert attempts(CLOSED, *[True] * 3, *[False] * 7).open_until == NOW + 30
    assert attempts(CLOSED, *[True] * 4, *[False] * 6).open_until is None


def test_a_window_lasts_five_minutes() -> None:
    old = attempts(CLOSED, *[False] * 9)
    assert after_attempt(old, False, NOW + 299).open_until is not None
    anew = after_attempt(old, False, NOW + 300)
    assert (anew.open_until, anew.window_requests) == (None, 1)


def test_while_it_is_open_nothing_changes_it() -> None:
    opened = Breaker(open_until=NOW + 1)
    assert attempts(opened, True, False) == opened
    assert opened.is_open(NOW)
    assert not opened.is_half_open(NOW)
    assert opened.is_half_open(NOW + 1)


def test_a_probe_closes_it() -> None:
    assert after_attempt(Breaker(open_until=NOW, reopenings=4), True, NOW) == CLOSED


def test_each_probe_that_fails_opens_it_for_twice_as_long_up_to_an_hour_and_the_tenth_is_the_last() -> None:
    breaker, waits = Breaker(open_until=NOW), []
    while not breaker.is_worn_out:
        assert breaker.open_until is not None
        now = breaker.open_until
        breaker = after_attempt(breaker, False, now)
        assert breaker.open_until is not None
        waits.append(breaker.open_until - now)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]


def test_its_people_are_told_once_that_it_fails_and_once_that_it_is_well() -> None:
    third = after_failure(Health(), 3, 500, NOW)
    assert third.notices == ()
    fourth = after_failure(third.health, 4, 500, NOW + 1)
    assert fourth.notices == (Notice.FAILING,)
    assert fourth.health.failing_since == NOW
    assert after_failure(fourth.health, 4, 500, NOW + 2).notices == ()
    well = after_success(fourth.health, NOW + 3)
    assert well == Judged(Health(well.health.breaker), (Notice.RECOVERED,))
    assert after_success(well.health, NOW + 4).notices == ()


def test_a_breaker_that_has_opened_makes_a_recovery_too() -> None:
    half_open = Health(Breaker(open_until=NOW), failing_since=1.0)
    assert after_success(half_open, NOW) == Judged(Health(), (Notice.RECOVERED,))
    # A straggler, while it is open, does not.
    still_open = Health(Breaker(open_until=NOW + 1), failing_since=1.0)
    assert after_success(still_open, NOW).notices == ()


def test_the_last_attempt_of_a_message_is_told() -> None:
    assert after_failure(Health(told_failing_at=1.0), 8, 500, NOW).notices == (Notice.EXHAUSTED,)


def test_what_disables_an_endpoint() -> None:
    assert after_failure(Health(), 1, 410, NOW).disabled is DisabledReason.GONE
    failing = Health(failing_since=NOW)
    assert after_failure(failing, 1, 500, NOW + 5 * DAY_S - 1).disabled is None
    assert after_failure(failing, 1, 500, NOW + 5 * DAY_S).disabled is DisabledReason.FAILING
    worn = Health(Breaker(open_until=NOW, reopenings=9), failing_since=NOW - 1)
    assert after_failure(worn, 1, 500, NOW).disabled is DisabledReason.BREAKER
