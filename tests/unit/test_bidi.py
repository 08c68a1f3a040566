"""Lines that mix directions stand in the order in which they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bidi import base_level, levels_of, visual_order


def seen(text: str) -> str:
    """The characters from left to right; brackets are as typed, mirroring them is the font's work."""
    return "".join(visual_order(text, levels_of(text, base_level(text))))


@pytest.mark.parametrize(
    ("logical", "visual"),
    [
        ("plain (text) 42", "plain (text) 42"),
        ("אבג דהו", "והד גבא"),
        ("אבג 12,5 דהו", "והד 12,5 גבא"),
        ("one אבג two", "one גבא two"),
        ("אבג (abc) דהו", "והד )abc( גבא"),
        # The bracket that closes a Latin name in a Hebrew line stays beside the name.
        ("אבג abc(def)", "abc(def) גבא"),
        ("אבג!", "!גבא"),
        ("مرحبا 1902", "1902 ابحرم"),
    ],
)
def test_lines_are_ordered_as_unicode_has_it(logical: str, visual: str) -> None:
    assert seen(logical) == visual


def test_the_majority_of_words_decides_the_direction() -> None:
    assert base_level("Python هي لغة برمجة") == 1
    assert base_level("The word שלום means peace") == 0
    assert base_level("42!") == 0 and base_level("") == 0
    assert base_level("שלום world") == 1


@given(st.text(st.sampled_from("abאבجد ()[]12,.%-'\u0301"), max_size=30), st.integers(0, 1))
def test_nothing_is_lost_and_levels_are_small(text: str, base: int) -> None:
    levels = levels_of(text, base)
    assert len(levels) == len(text) and all(base <= level <= 2 for level in levels)
    assert sorted(visual_order(text, levels)) == sorted(text)
