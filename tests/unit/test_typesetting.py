"""Line breaking and fitting, with letters that are all one em wide so that a person can check the sums."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.providers.drawn.typesetting import MEASURING_PX, break_evenly, set_lines
from app.typography.line_setting import Line, line_text
from app.typography.title_setting import title_words


def em_width(line: Line) -> float:
    return len(line_text(line)) * MEASURING_PX


def broken(text: str, count: int) -> list[str]:
    return [line_text(line) for line in break_evenly(title_words(text), count, em_width)]


def test_lines_are_broken_evenly_rather_than_filled_up() -> None:
    assert broken("magma rises through the crust", 2) == ["magma rises", "through the crust"]


def test_a_small_word_moves_down_to_the_next_line() -> None:
    assert broken("the heart of a planet", 2) == ["the heart", "of a planet"]


def test_a_mark_that_stands_apart_stays_with_its_word() -> None:
    assert broken("on arrive demain ?", 3) == ["on", "arrive", "demain ?"]


def test_a_text_without_spaces_is_broken_between_its_phrases() -> None:
    assert broken("海の底から聞こえる音", 2) == ["海の底から", "聞こえる音"]


def test_type_is_as_large_as_the_box_allows() -> None:
    setting = set_lines(title_words("wide"), em_width, (400, 400), 1.1, (10, 500))
    assert setting is not None
    assert (setting.lines, setting.size_px) == ((title_words("wide"),), 100)


def test_more_lines_are_taken_when_they_let_the_type_grow() -> None:
    setting = set_lines(title_words("windows into the earth"), em_width, (700, 700), 1.0, (10, 500))
    assert setting is not None
    assert len(setting.lines) > 1


def test_what_cannot_be_read_is_not_set() -> None:
    assert set_lines(title_words("a" * 60), em_width, (300, 300), 1.1, (20, 100)) is None


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=14), min_size=1, max_size=14), st.integers(100, 2000))
def test_no_word_is_lost_and_no_line_leaves_the_box(words: list[str], box_px: int) -> None:
    setting = set_lines(title_words(" ".join(words)), em_width, (box_px, box_px), 1.1, (1, 200))
    if setting is not None:
        assert " ".join(map(line_text, setting.lines)).split() == words
        assert all(len(line_text(line)) * setting.size_px <= box_px for line in setting.lines)
