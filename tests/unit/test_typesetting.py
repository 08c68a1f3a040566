"""Line breaking and fitting, with letters that are all one em wide so that a person can check the sums."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.providers.drawn.typesetting import MEASURING_PX, break_evenly, set_lines


def em_width(line: str) -> float:
    return len(line) * MEASURING_PX


def test_lines_are_broken_evenly_rather_than_filled_up() -> None:
    words = "magma rises through the crust".split()
    assert break_evenly(words, 2, em_width) == ["magma rises", "through the crust"]


def test_a_small_word_moves_down_to_the_next_line() -> None:
    assert break_evenly("the heart of a planet".split(), 2, em_width) == ["the heart", "of a planet"]


def test_type_is_as_large_as_the_box_allows() -> None:
    setting = set_lines("wide", em_width, (400, 400), 1.1, (10, 500))
    assert setting is not None
    assert (setting.lines, setting.size_px) == (("wide",), 100)


def test_more_lines_are_taken_when_they_let_the_type_grow() -> None:
    setting = set_lines("windows into the earth", em_width, (700, 700), 1.0, (10, 500))
    assert setting is not None
    assert len(setting.lines) > 1


def test_what_cannot_be_read_is_not_set() -> None:
    assert set_lines("a" * 60, em_width, (300, 300), 1.1, (20, 100)) is None


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=14), min_size=1, max_size=14), st.integers(100, 2000))
def test_no_word_is_lost_and_no_line_leaves_the_box(words: list[str], box_px: int) -> None:
    setting = set_lines(" ".join(words), em_width, (box_px, box_px), 1.1, (1, 200))
    if setting is not None:
        assert " ".join(setting.lines).split() == words
        assert all(len(line) * setting.size_px <= box_px for line in setting.lines)
