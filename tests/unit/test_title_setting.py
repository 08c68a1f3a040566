"""Titles in type: whole words where they have room, and letters as large as the card allows."""

from __future__ import annotations

import pytest

from app.domain.typeface import Typeface
from app.typography.title_setting import SetTitle, set_tall_title, set_title

LONG_TITLE = (
    "An extraordinarily comprehensive introduction to the electroencephalographically documented sleeping habits of "
    "the Eurasian red squirrel in Northern Scandinavia, volume seventeen"
)


def lines_of(title: SetTitle | None) -> list[str]:
    assert title is not None
    return ["".join(stroke.text for stroke in line.strokes) for line in title.lines]


@pytest.mark.parametrize("room_px", [430, 500, 770, 1200])
@pytest.mark.parametrize("most_lines", [2, 4, 7])
@pytest.mark.parametrize("font", list(Typeface))
def test_no_hyphen_stands_in_the_middle_of_a_line(font: Typeface, most_lines: int, room_px: float) -> None:
    found = set_title(LONG_TITLE, font, size_px=62, room_px=room_px, most_lines=most_lines)
    for line in lines_of(found):
        assert "-" not in line[:-1], line


def test_halves_of_a_word_that_meet_on_a_line_are_one_word_again() -> None:
    """In one line there is nothing to gain from the cut; the word's own hyphens stay."""
    text = "Donaudampfschifffahrtsgesellschaftskapitänswitwe well-known"
    found = set_title(text, Typeface.INTER, size_px=60, room_px=200, most_lines=1)
    assert lines_of(found) == [text]


def test_a_word_that_would_make_the_letters_tiny_is_cut() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitänswitwe"
    found = set_title(word, Typeface.INTER, size_px=60, room_px=430, most_lines=4)
    lines = lines_of(found)
    assert len(lines) > 1 and all(line.endswith("-") for line in lines[:-1])
    assert "".join(line.removesuffix("-") for line in lines) == word


def test_a_long_word_that_nearly_fits_stays_whole() -> None:
    found = set_title("electroencephalographically", Typeface.SOFIA, size_px=62, room_px=680, most_lines=4)
    assert lines_of(found) == ["electroencephalographically"]


def test_a_long_title_on_a_tall_card_takes_more_lines_and_not_smaller_letters() -> None:
    """At 540 x 960 it was set in four lines, 20 px high, on an empty card."""
    found = set_tall_title(LONG_TITLE, Typeface.FRAUNCES, size_px=62, room_px=(432, 480))
    assert found is not None and found.size_px >= 32 and found.height_px <= 480
    for line in lines_of(found):
        assert "-" not in line[:-1]
    short = set_tall_title("Two seas", Typeface.FRAUNCES, size_px=62, room_px=(432, 480))
    assert short == set_title("Two seas", Typeface.FRAUNCES, size_px=62, room_px=432, most_lines=4)
