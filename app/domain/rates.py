"""How many requests may come in how much time, and how that is told to who sends them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

OFF = "off"
LONGEST_WINDOW_S = 86400
_FORM = re.compile(r"(?P<requests>[1-9]\d{0,5})/(?P<window_s>[1-9]\d{0,4})")


@dataclass(frozen=True)
class Rate:
    """At most `requests` requests in any `window_s` seconds."""

    requests: int
    window_s: int


@dataclass(frozen=True)
class RateState:
    """What is left of a rate. `reset_s`: when it will be more than now; 0 while nothing is used."""

    name: str
    rate: Rate
    left: int
    reset_s: float

    def with_one_more(self) -> RateState:
        return replace(self, left=min(self.rate.requests, self.left + 1))


def parse_rate(text: str) -> Rate | None:
    """`10/60`, ten requests in sixty seconds; None for `off`; ValueError for anything else."""
    if text.lower() == OFF:
        return None
    found = _FORM.fullmatch(text)
    if found is None or int(found["window_s"]) > LONGEST_WINDOW_S:
        raise ValueError("must be requests/seconds, as in 10/60 (a day at most), or off")
    return Rate(int(found["requests"]), int(found["window_s"]))


def policy_field(states: Sequence[RateState]) -> str:
    """`RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: the quota `q` and its window `w` in seconds."""
    return ", ".join(f'"{state.name}";q={state.rate.requests};w={state.rate.window_s}' for state in states)


def limit_field(states: Sequence[RateState]) -> str:
    """`RateLimit` of the same draft: the requests that are left, `r`, and the seconds until they are more, `t`."""
    return ", ".join(f'"{state.name}";r={state.left};t={math.ceil(state.reset_s)}' for state in states)


def retry_after_s(states: Sequence[RateState]) -> int:
    """When there is something left of all of them."""
    return max((max(1, math.ceil(state.reset_s)) for state in states if state.left == 0), default=1)
