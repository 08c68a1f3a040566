"""When a step is stuck, and why: never just "running"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.states import StepStatus

# Of a lease: a worker beats five times in one, so this much silence is three beats missed.
SILENT_SHARE = 0.6
# A kind's p99 says something from so many durations on, and a step shorter than the floor bothers nobody.
FEWEST_DURATIONS = 20
FAR_OVER_FACTOR = 3.0
FAR_OVER_FLOOR_S = 30.0
# With idle workers a ready step begins within a second; a lost doorbell is rung again after 5, 10, 20.
READY_PATIENCE_S = 30.0
# The sweep ends waits each second.
RESUME_PATIENCE_S = 15.0


class StuckReason(StrEnum):
    LEASE_SILENT = "lease_silent"  # its worker has stopped beating; the lease is taken back when it expires
    FAR_OVER_P99 = "far_over_p99"  # it runs much longer than nearly all of its kind
    READY_TOO_LONG_WHILE_IDLE = "ready_too_long_while_idle"  # workers have free slots and do not take it
    PAST_RESUME_TIME = "past_resume_time"  # its wait is over and nobody has made it ready


@dataclass(frozen=True)
class StepSight:
    """A live step at the time `now` (epoch seconds, as all times). `kind_p99_s` is None while its kind is too new.

    `pool_has_idle_slots` is false too for a pool that is paused, and for a step that a limit holds back.
    """

    status: StepStatus
    now: float
    lease_ttl_s: float
    lease_expires_at: float | None = None
    started_at: float | None = None
    ready_at: float | None = None
    resume_at: float | None = None
    kind_p99_s: float | None = None
    pool_has_idle_slots: bool = False


def why_stuck(step: StepSight) -> StuckReason | None:
    """The reason, the gravest first; None for a step that is doing well."""
    match step.status:
        case StepStatus.RUNNING:
            if _is_before(step.lease_expires_at, step.now + (1 - SILENT_SHARE) * step.lease_ttl_s):
                return StuckReason.LEASE_SILENT
            if step.kind_p99_s is not None and _is_before(step.started_at, step.now - far_over_s(step.kind_p99_s)):
                return StuckReason.FAR_OVER_P99
        case StepStatus.READY:
            if step.pool_has_idle_slots and _is_before(step.ready_at, step.now - READY_PATIENCE_S):
                return StuckReason.READY_TOO_LONG_WHILE_IDLE
        case StepStatus.WAITING:
            if _is_before(step.resume_at, step.now - RESUME_PATIENCE_S):
                return StuckReason.PAST_RESUME_TIME
    return None


def far_over_s(p99_s: float) -> float:
    """From which duration on a step of a kind with this p99 is suspicious."""
    return max(FAR_OVER_FLOOR_S, FAR_OVER_FACTOR * p99_s)


def p99(durations_s: Sequence[float]) -> float | None:
    """The value that 99 of 100 do not exceed (nearest rank); None for too few to tell."""
    if len(durations_s) < FEWEST_DURATIONS:
        return None
    return sorted(durations_s)[math.ceil(0.99 * len(durations_s)) - 1]


def _is_before(moment: float | None, limit: float) -> bool:
    return moment is not None and moment < limit
