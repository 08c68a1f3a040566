"""When a step is stuck, and why."""

from __future__ import annotations

from dataclasses import replace

from app.domain.states import StepStatus
from app.domain.stuck import StepSight, StuckReason, p99, why_stuck

NOW = 1000.0
RUNNING = StepSight(
    StepStatus.RUNNING, NOW, lease_ttl_s=10.0, lease_expires_at=NOW + 8, started_at=NOW - 40, kind_p99_s=20.0
)
READY = StepSight(StepStatus.READY, NOW, lease_ttl_s=10.0, ready_at=NOW - 31, pool_has_idle_slots=True)
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


def test_a_ready_step_is_stuck_when_workers_are_idle_and_queued_when_they_are_not() -> None:
    assert why_stuck(READY) == StuckReason.READY_TOO_LONG_WHILE_IDLE
    assert why_stuck(replace(READY, ready_at=NOW - 29)) is None
    assert why_stuck(replace(READY, pool_has_idle_slots=False)) is None


def test_a_wait_that_is_over_is_ended_soon_or_is_stuck() -> None:
    assert why_stuck(WAITING) is None
    assert why_stuck(replace(WAITING, resume_at=NOW - 16)) == StuckReason.PAST_RESUME_TIME


def test_the_p99_is_what_99_of_100_do_not_exceed() -> None:
    assert p99([float(number) for number in range(1, 101)]) == 99.0
    assert p99([5.0] * 20) == 5.0
