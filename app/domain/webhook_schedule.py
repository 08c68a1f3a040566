"""When a message that an endpoint has not taken is tried again, and what becomes of it after an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.domain.webhook_states import AttemptError, DeliveryStatus

# How long each attempt waits after the one before it: eight in all, over a day and a bit.
WAITS_S = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
MOST_ATTEMPTS = len(WAITS_S)
# Many messages that failed in one moment must not all come back in one.
JITTER = 0.2
# A receiver that says that it is overloaded, or is too slow to answer, is left in peace for this long.
BUSY_CODES = frozenset({429, 502, 504})
BUSY_WAIT_S = 60.0
LONGEST_RETRY_AFTER = 2.0
GONE = 410
# Attempts whose worker died count, for nobody knows what came of them. A message that kills its worker each time must
# not go on for ever all the same.
MOST_LOST = 4


class Failure(Protocol):
    """What of a failed exchange decides when the next one is. `retry_after_s`: what the receiver has asked for."""

    @property
    def status_code(self) -> int | None: ...

    @property
    def error(self) -> AttemptError | None: ...

    @property
    def retry_after_s(self) -> float | None: ...


@dataclass(frozen=True)
class Fate:
    """What becomes of a delivery: its state, and when its next attempt is due (epoch seconds), if there is one."""

    status: DeliveryStatus
    next_at: float | None = None


DELIVERED = Fate(DeliveryStatus.DELIVERED)
FAILED = Fate(DeliveryStatus.FAILED)


def next_wait_s(attempts_made: int, outcome: Failure, jitter: float) -> float | None:
    """Seconds until the next attempt, after `attempts_made` (1 or more) of which the last has failed; None: no more.

    `jitter` is drawn evenly from -1 to 1.
    """
    if attempts_made >= MOST_ATTEMPTS or outcome.status_code == GONE:
        return None
    base_s = WAITS_S[attempts_made]
    if outcome.error is AttemptError.TIMEOUT or outcome.status_code in BUSY_CODES:
        # So that the shortest that the jitter makes of it is what the rule asks for.
        base_s = max(base_s, BUSY_WAIT_S / (1 - JITTER))
    base_s *= 1 + JITTER * jitter
    if outcome.retry_after_s is None:
        return base_s
    return min(max(outcome.retry_after_s, base_s), LONGEST_RETRY_AFTER * base_s)


def after_failure(attempts_made: int, outcome: Failure, jitter: float, now: float) -> Fate:
    """What becomes of a delivery whose attempt of the schedule has failed."""
    wait_s = next_wait_s(attempts_made, outcome, jitter)
    return FAILED if wait_s is None else Fate(DeliveryStatus.PENDING, now + wait_s)


def after_manual_failure(resume_at: float | None) -> Fate:
    """The same for one that somebody asked for: the schedule goes on where it was, if it had not ended."""
    return FAILED if resume_at is None else Fate(DeliveryStatus.PENDING, resume_at)
