"""Rate windows: how they are written, and whose turn comes when."""

from __future__ import annotations

import pytest

from app.domain.windows import Window, parse_window, parse_windows, turns

TWENTY_FIVE_IN_TWO_HOURS = (Window(25, 7200.0),)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("25/2h", Window(25, 7200.0)),
        ("60/m", Window(60, 60.0)),
        ("10/s", Window(10, 1.0)),
        (" 500/1d ", Window(500, 86400.0)),
    ],
)
def test_a_window_is_calls_over_a_period(text: str, window: Window) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize("text", ["", "25", "25/2", "0/2h", "25/0h", "25/2w", "2 5/h", "-1/h"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no window"):
        parse_window(text)


def test_each_provider_has_its_windows_and_may_have_several() -> None:
    windows = parse_windows("openai=60/m, openai=500/1d, drawn=25/2h")
    assert windows == {"openai": (Window(60, 60.0), Window(500, 86400.0)), "drawn": (Window(25, 7200.0),)}


def test_a_window_without_its_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="names no provider"):
        parse_windows("25/2h")


def test_an_empty_window_lets_its_calls_begin_now_and_the_rest_a_period_later() -> None:
    assert turns([], 40, TWENTY_FIVE_IN_TWO_HOURS, now=100.0) == [100.0] * 25 + [7300.0] * 15


def test_each_turn_comes_when_the_call_that_took_its_place_has_left_the_window() -> None:
    recent = [float(second) for second in range(25)]
    assert turns(recent, 3, TWENTY_FIVE_IN_TWO_HOURS, now=50.0) == [7200.0, 7201.0, 7202.0]


def test_a_turn_that_was_given_counts_for_the_turns_after_it() -> None:
    assert turns([], 3, (Window(1, 10.0),), now=0.0) == [0.0, 10.0, 20.0]


def test_with_two_windows_both_must_have_room() -> None:
    assert turns([], 4, (Window(2, 1.0), Window(3, 60.0)), now=0.0) == [0.0, 0.0, 1.0, 60.0]
