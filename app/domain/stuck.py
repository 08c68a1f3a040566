"""When a step is stuck, and why: never just "running"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.states import StepStatus

# One late or lost beat costs nothing, and a cancel is heard within a fifth of a lease.
BEATS_PER_LEASE = 5
# Of a lease: three beats missed.
SILENT_SHARE = 0.6
# A kind's p99 says something from so many durations on, and a step shorter than the floor bothers nobody.
FEWEST_DURATIONS = 20
FAR_OVER_FACTOR = 3.0
FAR_OVER_FLOOR_S = 30.0
# With idle workers a pool begins something each second; a lost doorbell is rung again after 5, 10, 20.
READY_PATIENCE_S = 30.0
# The sweep ends waits each second.
RESUME_PATIENCE_S = 15.0


class StuckReason(StrEnum):
    LEASE_SILENT = "lease_silent"  # its worker has stopped beating; the lease is taken back when it expires
    FAR_OVER_P99 = "far_over_p99"  # it runs much longer than nearly all of its kind
    READY_TOO_LONG_WHILE_IDLE = "ready_too_long_while_idle"  # its pool stands still: free slots, and nothing begins
    PAST_RESUME_TIME = "past_resume_time"  # its wait is over and nobody has made it ready


@dataclass(frozen=True)
class StepSight:
    """A live step at the time `now` (epoch seconds, as all times). `kind_p99_s` is None while its kind is too new.

    `pool_stands_still` is what `Watch` says of its pool; false for a step that a limit may hold back.
    """

    status: StepStatus
    now: float
    lease_ttl_s: float
    lease_expires_at: float | None = None
    started_at: float | None = None
    ready_at: float | None = None
    resume_at: float | None = None
    kind_p99_s: float | None = None
    pool_stands_still: bool = False


# A step's id and token. Each claim raises the token, so a step that was begun and is ready again has another mark.
StepMark = tuple[int, int]


@dataclass(frozen=True)
class PoolSight:
    """A pool that is not paused and has idle slots, at the time `now`.

    `sample` are some of its ready steps, `still_ready` those of the earlier sample that have not been begun or gone,
    `last_start` is when the latest of its running steps began.
    """

    now: float
    sample: frozenset[StepMark]
    still_ready: frozenset[StepMark]
    last_start: float | None


@dataclass(frozen=True)
class Watch:
    """A pool that idled at every look from `since` to `seen_at`, and began none of the `sample`.

    Idle slots at one look mean nothing, for a busy pool has them between any two short steps; nor does a long wait,
    for in a backlog everyone waits long. `has_just_moved`: the latest look saw that something was begun or had gone.
    """

    since: float
    seen_at: float
    sample: frozenset[StepMark]
    has_just_moved: bool = False

    @property
    def stands_still(self) -> bool:
        return self.seen_at - self.since >= READY_PATIENCE_S


def watch_pool(before: Watch | None, sight: PoolSight) -> Watch | None:
    """What is known after another look; None without a backlog. Whoever arrives anew changes nothing."""
    if not sight.sample:
        return None
    anew = Watch(sight.now, sight.now, sight.sample)
    # After so long without a look nobody knows what has been between: this process was frozen, or its database away.
    if before is None or sight.now - before.seen_at > READY_PATIENCE_S:
        return anew
    has_begun_others = sight.last_start is not None and sight.last_start >= before.seen_at
    if has_begun_others or sight.still_ready != before.sample:
        return replace(anew, has_just_moved=True)
    return replace(before, seen_at=sight.now, has_just_moved=False)


def why_stuck(step: StepSight) -> StuckReason | None:
    """The reason, the gravest first; None for a step that is doing well."""
    match step.status:
        case StepStatus.RUNNING:
            if _is_before(step.lease_expires_at, step.now + (1 - SILENT_SHARE) * step.lease_ttl_s):
                return StuckReason.LEASE_SILENT
            if step.kind_p99_s is not None and _is_before(step.started_at, step.now - far_over_s(step.kind_p99_s)):
                return StuckReason.FAR_OVER_P99
        case StepStatus.READY:
            if step.pool_stands_still and _is_before(step.ready_at, step.now - READY_PATIENCE_S):
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
