"""Honest progress: what is done of the work that is known, and how long the rest may take."""

from __future__ import annotations

# Below this share the past says too little about the rest.
SMALLEST_SHARE = 0.03


def percent(share: float, *, is_done: bool) -> int:
    """`share` (0 to 1) as a whole number that is 100 only when everything is done and downloadable."""
    if is_done:
        return 100
    return max(0, min(99, int(share * 100)))


def estimate_remaining_s(share: float, elapsed_s: float | None) -> float | None:
    """Seconds left if the rest goes as the work so far went; None while that is anybody's guess."""
    if elapsed_s is None or share < SMALLEST_SHARE:
        return None
    return elapsed_s * (1.0 - min(share, 1.0)) / share
