"""When a failed attempt is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import ProviderUnavailable, SceneworksError, StepError, StorageFull, WorkerLost
from app.domain.waits import WaitReason

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
FIRST_RING_PATIENCE_S = 5.0
LONGEST_RING_PATIENCE_S = 60.0
# A vendor that puts a step off for longer than this in all is not coming back today.
VENDOR_PATIENCE_S = 24 * 3600.0
# A disk fills up on a Friday evening, and whoever can make room comes back on Monday.
DISK_PATIENCE_S = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Retry:
    """Try again after `delay_s` seconds; 0 means at once."""

    delay_s: float


@dataclass(frozen=True)
class Postpone:
    """It was not for us to succeed: try again after `delay_s` seconds, and do not count this attempt."""

    delay_s: float
    reason: WaitReason = WaitReason.RETRY_AFTER


@dataclass(frozen=True)
class GiveUp:
    """The step has failed for good."""


def decide(
    error: SceneworksError, *, attempt: int, max_attempts: int, claims: int = 1, postponed_s: float = 0.0
) -> Retry | Postpone | GiveUp:
    """What follows attempt number `attempt` (from 1), which ended with `error`.

    `claims` counts every time that the step was begun, `postponed_s` how long it has been put off so far.
    A fault outside the tree is a bug or the machine's, and gets its attempts too: a poison step stops at its limit.
    """
    if isinstance(error, StepError) and not error.retryable:
        return GiveUp()
    asked_for_s = error.details.get("retry_after_s")
    if isinstance(error, ProviderUnavailable) and asked_for_s is not None:
        # Later and later all the same, lest a vendor that always says "at once" is asked for ever.
        delay_s = max(_backoff_s(claims), float(asked_for_s))
        return Postpone(delay_s) if postponed_s + delay_s <= VENDOR_PATIENCE_S else GiveUp()
    if isinstance(error, StorageFull):
        delay_s = _backoff_s(claims)
        patient = postponed_s + delay_s <= DISK_PATIENCE_S
        return Postpone(delay_s, WaitReason.STORAGE_FULL) if patient else GiveUp()
    if attempt >= max_attempts:
        return GiveUp()
    if isinstance(error, WorkerLost):
        # Most often the worker died, not the work, and nothing is gained by waiting. A step that loses one worker after
        # the other may be what kills them, and leaves the next ones some peace.
        return Retry(0.0 if attempt == 1 else _backoff_s(attempt - 1))
    return Retry(_backoff_s(attempt))


def _backoff_s(times: int) -> float:
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(times - 1, 20))


def ring_patience_s(rings: int) -> float:
    """How long a doorbell that was rung `rings` times may stay unanswered before it is rung again."""
    return min(LONGEST_RING_PATIENCE_S, FIRST_RING_PATIENCE_S * 2.0 ** max(0, rings - 1))
