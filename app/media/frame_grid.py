"""Times of packets as numbers of frames, in whole numbers: a video has thousands, and fractions are slow."""

from __future__ import annotations

from fractions import Fraction

# A time base such as 1/12800 holds no exact 30th of a second: so much of a frame is its rounding.
_ROUNDING = 20


class FrameGrid:
    """The frames at `fps` on a track's time base."""

    def __init__(self, time_base: Fraction, fps: int) -> None:
        self._frames, self._ticks = time_base.numerator * fps, time_base.denominator

    def nearest(self, at: int) -> int:
        """The frame that is shown next to the time `at`, in units of the time base."""
        return (2 * at * self._frames + self._ticks) // (2 * self._ticks)

    def holds(self, at: int) -> bool:
        """Whether a frame begins at that time, but for the time base's rounding."""
        return _ROUNDING * abs(at * self._frames - self.nearest(at) * self._ticks) <= self._ticks
