"""When a failed attempt is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import SceneworksError, StepError, WorkerLost

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
FIRST_RING_PATIENCE_S = 5.0
LONGEST_RING_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Retry:
    """Try again after `delay_s` seconds; 0 means at once."""

    delay_s: float


@dataclass(frozen=True)
class GiveUp:
    """The step has failed for good."""


def decide(error: SceneworksError, *, attempt: int, max_attempts: int) -> Retry | GiveUp:
    """What follows attempt number `attempt` (from 1), which ended with `error`.

    A fault outside the tree is a bug or the machine's, and gets its attempts too: a poison step stops at its limit.
    """
    if isinstance(error, StepError) and not error.retryable:
        return GiveUp()
    if attempt >= max_attempts:
        return GiveUp()
    if isinstance(error, WorkerLost):
        # The worker died, not the work: nothing is gained by waiting.
        return Retry(0.0)
    asked_for_s = error.details.get("retry_after_s")
    backoff_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (attempt - 1))
    return Retry(max(backoff_s, float(asked_for_s)) if asked_for_s is not None else backoff_s)


def ring_patience_s(rings: int) -> float:
    """How long a doorbell that was rung `rings` times may stay unanswered before it is rung again."""
    return min(LONGEST_RING_PATIENCE_S, FIRST_RING_PATIENCE_S * 2.0 ** max(0, rings - 1))
