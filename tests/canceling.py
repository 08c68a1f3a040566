"""Steps that are canceled in the middle of their work, and how long it takes them to hear of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.domain.errors import LeaseLost

# A canceled step's slot is free within 5 s (standards/faults.md, 17); up to 2 s of them pass until its worker knows.
LATEST_S = 3.0


def canceled_at(call: int) -> Callable[[], None]:
    """A `still_wanted` that says no at this call, from 1, and at every one after it."""
    calls = 0

    def still_wanted() -> None:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise LeaseLost("The step was canceled.")

    return still_wanted


class Asked:
    """A `still_wanted` that says yes, and knows the longest time that it was not asked."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last_s = time.monotonic()

    def __call__(self) -> None:
        now_s = time.monotonic()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s


@contextmanager
def asked_when() -> Iterator[Asked]:
    """Counted from the beginning of the block to its end."""
    asked = Asked()
    yield asked
    asked()
