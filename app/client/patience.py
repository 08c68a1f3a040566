"""How long to keep trying when a farm does not answer, and how often."""

from __future__ import annotations

import time

from app.client.errors import AnswerError, ClientError, FarmUnable, FarmUnreachable

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 2.0
# Statuses of a farm, or of a proxy before it, that is starting, stopping or full for a moment.
PASSING_STATUSES = (429, 502, 503, 504)
# Waiting does not free a disk, and rarely a quota.
LASTING_CODES = ("STORAGE_FULL", "QUOTA_EXCEEDED")
# An earlier try of this very request is at work still.
PASSING_CODES = ("REQUEST_IN_FLIGHT",)


def may_pass(error: ClientError) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, FarmUnable):
        return error.status in PASSING_STATUSES and error.code not in LASTING_CODES
    return isinstance(error, FarmUnreachable) or (isinstance(error, AnswerError) and error.code in PASSING_CODES)


class Patience:
    """Counts from the last sign of life. `limit_s` seconds later the error is raised instead of waited out."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self.renew()

    def renew(self) -> None:
        """There was a sign of life: begin again."""
        self._deadline = time.monotonic() + self._limit_s
        self._delay_s = FIRST_DELAY_S

    def wait(self, error: ClientError) -> None:
        """Wait until it is time for the next try; raise `error` when it would not pass, or time is up."""
        if not may_pass(error):
            raise error
        asked_s = error.retry_after_s if isinstance(error, AnswerError) else None
        delay_s = max(self._delay_s, asked_s or 0.0)
        if time.monotonic() + delay_s > self._deadline:
            raise error
        time.sleep(delay_s)
        self._delay_s = min(LONGEST_DELAY_S, 2.0 * self._delay_s)
