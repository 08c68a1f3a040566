"""What is set large on a scene's picture: the author's heading in its ranks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.drawn.headline import Headline, headline


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Black holes", Headline("Black holes")),
        ("  Black \n holes ", Headline("Black holes")),
        ("Volcanoes: windows into the Earth", Headline("Volcanoes", "Windows into the Earth")),
        ("Apple - iPhone sales", Headline("Apple", "iPhone sales")),
        ("1. Sharpen your knife", Headline("1.", "Sharpen your knife", is_numbered=True)),
        ("2) Cut", Headline("2)", "Cut", is_numbered=True)),
        ("火山：地球的窗口", Headline("火山", "地球的窗口")),
        ("3、世界で一番大きな火山", Headline("3、", "世界で一番大きな火山", is_numbered=True)),
        ("3.5 million people", Headline("3.5 million people")),
        ("At 16:9", Headline("At 16:9")),
        ("1984", Headline("1984")),
    ],
)
def test_a_title_is_set_in_its_ranks(title: str, found: Headline) -> None:
    assert headline(title) == found


@pytest.mark.parametrize("title", [None, "", "   ", "… — !", "🎉🎉"])
def test_without_a_word_there_is_none(title: str | None) -> None:
    assert headline(title) is None


@given(st.text(max_size=80))
def test_any_title_is_one_line_or_none_and_no_word_is_lost(title: str) -> None:
    found = headline(title)
    if found is None:
        return
    assert found.main.strip() and "\n" not in found.main
    letters = [letter for letter in f"{found.main}{found.sub or ''}".casefold() if letter.isalnum()]
    assert letters == [letter for letter in title.casefold() if letter.isalnum()]
