"""Why a step waits without a slot, in words for programs and for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.states import StepStatus


class WaitReason(StrEnum):
    BACKOFF = "backoff"  # an attempt failed; the next one comes after a pause
    RETRY_AFTER = "retry_after"  # the vendor said when to come back; the attempt did not count
    STORAGE_FULL = "storage_full"  # a disk had no room for the work; the attempt did not count
    PROVIDER_WINDOW = "provider_window"  # the vendor's rate window is full
    CLOSED_HOURS = "closed_hours"  # outside the opening hours of its kind
    POOL_PAUSED = "pool_paused"  # an operator has paused the pool

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    WaitReason.BACKOFF: "An attempt failed and is tried again after a pause.",
    WaitReason.RETRY_AFTER: "The provider asked to be called again later.",
    WaitReason.STORAGE_FULL: "A disk of the farm is full; the work goes on when there is room.",
    WaitReason.PROVIDER_WINDOW: "The provider's rate window is full; the job goes on at its turn.",
    WaitReason.CLOSED_HOURS: "The work goes on when the business hours begin.",
    WaitReason.POOL_PAUSED: "An operator has paused this part of the farm.",
}
# A pause between two attempts of ours is part of running; the others leave the job waiting for someone else.
HOLDS_A_JOB = frozenset(WaitReason) - {WaitReason.BACKOFF}


@dataclass(frozen=True)
class Wait:
    """What a step or a job waits for, and until when (epoch seconds); None when someone must act."""

    reason: WaitReason
    resume_at: float | None


@dataclass(frozen=True)
class LiveStep:
    """A step that is ready, running or waiting, as far as it matters here."""

    status: StepStatus
    pool: str
    wait: Wait | None = None


def wait_of_job(steps: Iterable[LiveStep], paused_until: Mapping[str, float | None]) -> Wait | None:
    """The wait that ends first when every step is held; None while one runs or may run.

    `paused_until` has the paused pools and when each pause ends by itself.
    """
    waits: list[Wait] = []
    for step in steps:
        if step.status == StepStatus.READY and step.pool in paused_until:
            waits.append(Wait(WaitReason.POOL_PAUSED, paused_until[step.pool]))
        elif step.wait is not None and step.wait.reason in HOLDS_A_JOB:
            waits.append(step.wait)
        else:
            return None
    return min(waits, key=lambda wait: math.inf if wait.resume_at is None else wait.resume_at, default=None)
