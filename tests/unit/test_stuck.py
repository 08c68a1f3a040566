"""When a step is stuck, and why."""

from __future__ import annotations

from dataclasses import replace

from app.domain.states import StepStatus
from app.domain.stuck import PoolSight, StepMark, StepSight, StuckReason, Watch, p99, watch_pool, why_stuck

NOW = 1000.0
RUNNING = StepSight(
    StepStatus.RUNNING, NOW, lease_ttl_s=10.0, lease_expires_at=NOW + 8, started_at=NOW - 40, kind_p99_s=20.0
)
READY = StepSight(StepStatus.READY, NOW, lease_ttl_s=10.0, ready_at=NOW - 31, pool_stands_still=True)
WAITING = StepSight(StepStatus.WAITING, NOW, lease_ttl_s=10.0, resume_at=NOW - 1)


def test_a_step_that_beats_and_is_no_longer_than_its_kind_is_well() -> None:
    assert why_stuck(RUNNING) is None


def test_three_missed_beats_are_a_silent_lease() -> None:
    assert why_stuck(replace(RUNNING, lease_expires_at=NOW + 3.9)) == StuckReason.LEASE_SILENT
    assert why_stuck(replace(RUNNING, lease_expires_at=NOW + 4.1)) is None


def test_far_over_the_p99_of_its_kind_is_suspicious_but_short_steps_never_are() -> None:
    assert why_stuck(replace(RUNNING, started_at=NOW - 61)) == StuckReason.FAR_OVER_P99
    assert why_stuck(replace(RUNNING, started_at=NOW - 29, kind_p99_s=0.1)) is None
    assert why_stuck(replace(RUNNING, started_at=NOW - 31, kind_p99_s=0.1)) == StuckReason.FAR_OVER_P99


def test_a_kind_that_is_too_new_is_not_judged_by_its_past() -> None:
    assert why_stuck(replace(RUNNING, started_at=0.0, kind_p99_s=p99([1.0] * 19))) is None


def test_a_ready_step_is_stuck_when_its_pool_stands_still_and_queued_when_it_moves() -> None:
    assert why_stuck(READY) == StuckReason.READY_TOO_LONG_WHILE_IDLE
    assert why_stuck(replace(READY, ready_at=NOW - 29)) is None
    assert why_stuck(replace(READY, pool_stands_still=False)) is None


def test_a_wait_that_is_over_is_ended_soon_or_is_stuck() -> None:
    assert why_stuck(WAITING) is None
    assert why_stuck(replace(WAITING, resume_at=NOW - 16)) == StuckReason.PAST_RESUME_TIME


def test_the_p99_is_what_99_of_100_do_not_exceed() -> None:
    assert p99([float(number) for number in range(1, 101)]) == 99.0
    assert p99([5.0] * 20) == 5.0


def look(
    before: Watch | None, now: float, *ready: int, arrived: tuple[int, ...] = (), last_start: float | None = None
) -> Watch | None:
    """A look at a pool where the steps `ready` have waited before, and `arrived` are new at the head of the line."""
    marks: frozenset[StepMark] = frozenset((step_id, 0) for step_id in ready)
    still_ready = frozenset() if before is None else before.sample & marks
    return watch_pool(before, PoolSight(now, marks | {(step_id, 0) for step_id in arrived}, still_ready, last_start))


def stands_still(watch: Watch | None) -> bool:
    return watch is not None and watch.stands_still


def test_a_pool_stands_still_when_it_idles_for_30_s_and_begins_nothing() -> None:
    watch = None
    for now in (0, 5, 10, 15, 20, 25):
        watch = look(watch, now, 1, 2)
        assert not stands_still(watch)
    assert stands_still(look(watch, 30, 1, 2))


def test_any_step_that_leaves_the_line_starts_the_clock_anew() -> None:
    watch = look(look(None, 0, 1, 2, 3), 25, 2, 3)
    assert watch == Watch(25, 25, frozenset({(2, 0), (3, 0)}), has_just_moved=True)
    assert not stands_still(look(watch, 54, 2, 3))
    assert stands_still(look(watch, 55, 2, 3))


def test_a_step_that_was_begun_and_is_ready_again_is_progress() -> None:
    watch = look(None, 0, 1)
    again = watch_pool(watch, PoolSight(29, frozenset({(1, 1)}), frozenset(), None))
    assert again is not None
    assert (again.since, again.has_just_moved) == (29, True)


def test_another_step_that_has_begun_since_the_last_look_is_progress_and_one_that_runs_for_long_is_not() -> None:
    watch = look(None, 10, 1)
    assert not stands_still(look(watch, 40, 1, last_start=12))
    assert stands_still(look(watch, 40, 1, last_start=9))


def test_new_arrivals_do_not_start_the_clock_anew() -> None:
    assert stands_still(look(look(None, 0, 1, 2), 30, 1, 2, arrived=(3, 4)))


def test_a_pool_without_a_backlog_is_not_watched() -> None:
    assert look(look(None, 0, 1), 30) is None


def test_a_gap_between_two_looks_starts_the_clock_anew_but_is_no_progress() -> None:
    assert look(look(None, 0, 1), 31, 1) == Watch(31, 31, frozenset({(1, 0)}))
