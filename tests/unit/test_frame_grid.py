"""Frames on a track's time base: nearest and exact, as fractions would have them."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.media.frame_grid import FrameGrid

bases = st.sampled_from([Fraction(1, 12800), Fraction(1, 15360), Fraction(1, 90000), Fraction(1001, 30000)])


@given(st.integers(-10_000, 10_000_000), bases, st.sampled_from([24, 25, 30, 60, 48_000]))
def test_it_is_what_fractions_say(at: int, base: Fraction, fps: int) -> None:
    exact, grid = at * base * fps, FrameGrid(base, fps)
    assert abs(exact - grid.nearest(at)) <= Fraction(1, 2)
    assert grid.holds(at) == (abs(exact - grid.nearest(at)) <= Fraction(1, 20))


def test_every_frame_of_our_rates_is_held_by_the_time_bases_of_mp4() -> None:
    for fps in (24, 25, 30, 60):
        grid = FrameGrid(Fraction(1, 12800), fps)
        assert all(grid.holds(round(frame * 12800 / fps)) for frame in range(2000))
