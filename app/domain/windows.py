"""A vendor's rate windows ("25/2h": at most 25 calls in any 2 hours), and whose turn comes when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM = re.compile(r"(?P<calls>[1-9]\d{0,8})/(?P<count>[1-9]\d{0,5})?(?P<unit>[smhd])")


@dataclass(frozen=True)
class Window:
    """At most `calls` calls start within any `period_s` seconds."""

    calls: int
    period_s: float


def parse_window(text: str) -> Window:
    """`25/2h`, `60/m`, `500/1d`; ValueError for anything else."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no window; write calls/period, as in 25/2h or 60/m (units: s, m, h, d)")
    return Window(int(found["calls"]), int(found["count"] or 1) * UNITS_S[found["unit"]])


def parse_windows(raw: str) -> Mapping[str, tuple[Window, ...]]:
    """`openai=60/m, openai=500/1d, drawn=25/2h`: each provider's windows, all of which must have room."""
    windows: dict[str, tuple[Window, ...]] = {}
    for part in filter(None, map(str.strip, raw.split(","))):
        provider, equals, window = part.partition("=")
        if not equals or not provider.strip():
            raise ValueError(f"{part!r} names no provider; write provider=calls/period, as in openai=25/2h")
        windows[provider.strip()] = (*windows.get(provider.strip(), ()), parse_window(window))
    return windows


def longest_period_s(windows: Sequence[Window]) -> float:
    """How far back calls still count."""
    return max(window.period_s for window in windows)


def turns(recent: Sequence[float], count: int, windows: Sequence[Window], now: float) -> list[float]:
    """When each of the next `count` calls may start at the earliest: `now` for those that have room now.

    `recent` holds the starts, in order, of the calls within the longest period. Each turn that is given
    out counts as a call for the turns after it, so that those who wait do not all come back at once.
    """
    starts = list(recent)
    for _ in range(count):
        opens = [starts[-window.calls] + window.period_s for window in windows if len(starts) >= window.calls]
        starts.append(max([now, *opens]))
    return starts[len(recent) :]
