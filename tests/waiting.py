"""Wait for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], within_s: float = 10.0, every_s: float = 0.05, what: str = "") -> T:
    """The condition's first true value; AssertionError when it stays false for `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within_s} s: {what or condition}"
        time.sleep(every_s)
