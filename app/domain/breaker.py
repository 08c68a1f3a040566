"""The circuit breaker of an endpoint: one that fails is asked less and less often, and told nothing meanwhile.

Closed, it counts what comes of the attempts in windows of five minutes. When most of them fail it opens: nothing is
sent. When the time that it is open for has passed it is half-open: one attempt goes, a probe, and closes it or opens
it again, each time for twice as long. Docs/decisions/0026 says why twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOW_S = 300.0
ENOUGH_REQUESTS = 10
OPENS_AT = 0.7
OPEN_S = 30.0
LONGEST_OPEN_S = 3600.0
MOST_REOPENINGS = 10


@dataclass(frozen=True)
class Breaker:
    """The window since epoch second `window_since` with its requests and failures; until when it is open, if it is,
    and how often it has opened again since it was last closed."""

    window_since: float | None = None
    window_requests: int = 0
    window_failures: int = 0
    open_until: float | None = None
    reopenings: int = 0

    @property
    def is_worn_out(self) -> bool:
        """Whether it has opened so often that its endpoint is to be disabled."""
        return self.reopenings >= MOST_REOPENINGS

    def is_open(self, now: float) -> bool:
        return self.open_until is not None and now < self.open_until

    def is_half_open(self, now: float) -> bool:
        return self.open_until is not None and now >= self.open_until


CLOSED = Breaker()


def after_attempt(breaker: Breaker, is_success: bool, now: float) -> Breaker:
    """The breaker once an attempt has ended at epoch second `now`."""
    if breaker.is_open(now):
        # It was on its way when the breaker opened, and says nothing about afterwards.
        return breaker
    if breaker.is_half_open(now):
        return CLOSED if is_success else _opened_again(breaker, now)
    window = _with(breaker, is_success, now)
    has_enough = window.window_requests >= ENOUGH_REQUESTS
    if has_enough and window.window_failures >= OPENS_AT * window.window_requests:
        return Breaker(open_until=now + OPEN_S)
    return window


def _opened_again(breaker: Breaker, now: float) -> Breaker:
    reopenings = breaker.reopenings + 1
    return Breaker(open_until=now + min(OPEN_S * 2**reopenings, LONGEST_OPEN_S), reopenings=reopenings)


def _with(breaker: Breaker, is_success: bool, now: float) -> Breaker:
    is_over = breaker.window_since is None or now - breaker.window_since >= WINDOW_S
    window = Breaker(window_since=now) if is_over else breaker
    return replace(
        window,
        window_requests=window.window_requests + 1,
        window_failures=window.window_failures + (not is_success),
    )
