"""The camera's move: inside the picture always, smooth, and joined to the scene before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media.motion import Window, start_window, window_at

numbers = st.integers(1, 500)
lengths = st.integers(2, 3000)
rates = st.sampled_from([24, 25, 30, 60])


def path(number: int, frames: int, fps: int) -> list[Window]:
    return [window_at(number, frame, frames, fps) for frame in range(frames)]


@given(numbers, lengths, rates, st.floats(0, 1))
def test_the_window_never_leaves_the_picture(number: int, frames: int, fps: int, part: float) -> None:
    window = window_at(number, int(part * (frames - 1)), frames, fps)
    assert window.left >= -1e-9 and window.left + window.size <= 1 + 1e-9
    assert window.top >= -1e-9 and window.top + window.size <= 1 + 1e-9


@given(numbers, lengths, rates)
def test_a_clip_begins_with_the_view_that_the_scene_before_faded_to(number: int, frames: int, fps: int) -> None:
    assert window_at(number, 0, frames, fps) == start_window(number)


@given(st.integers(1, 8), rates)
def test_the_move_starts_from_rest_and_never_jumps(number: int, fps: int) -> None:
    windows = path(number, 6 * fps, fps)
    speeds = [after.size - before.size for before, after in zip(windows, windows[1:], strict=False)]
    assert abs(speeds[0]) < abs(speeds[-1]) / 4
    changes = [abs(after - before) for before, after in zip(speeds, speeds[1:], strict=False)]
    # At most the whole speed spread over the half second in which it rises.
    assert max(changes) <= abs(speeds[-1]) / (0.5 * fps) * 1.01


@pytest.mark.parametrize("number", range(1, 9))
def test_scenes_zoom_in_and_out_by_turns_and_by_a_tenth_or_more(number: int) -> None:
    windows = path(number, 180, 30)
    zooms_in = number % 2 == 1
    assert (windows[-1].size < windows[0].size) == zooms_in
    assert max(windows[0].size, windows[-1].size) / min(windows[0].size, windows[-1].size) > 1.10


def test_neighbouring_scenes_drift_in_different_directions() -> None:
    drifts = set()
    for number in range(1, 5):
        first, last = window_at(number, 0, 180, 30), window_at(number, 179, 180, 30)
        drifts.add(
            (
                round(last.left + last.size / 2 - first.left - first.size / 2, 3),
                round(last.top + last.size / 2 - first.top - first.size / 2, 3),
            )
        )
    assert len(drifts) == 4


def test_a_very_short_scene_does_not_rush() -> None:
    first, last = window_at(1, 0, 30, 30), window_at(1, 29, 30, 30)
    assert abs(first.size - last.size) < 0.06
