"""Words longer than a line: where they are cut, in the picture as in subtitle files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.captions import CueShape, break_into_cues
from app.domain.clusters import chars_of
from app.domain.speech import Word
from app.domain.subtitles import subtitle_cues, to_srt
from app.domain.word_cuts import is_figure, pieces_of


@pytest.mark.parametrize(
    ("pieces", "line_chars"),
    [
        ("https://en.example.|org/volcano", 20),
        ("volcano.observatory@|example.org", 20),
        ("VOLCANO.|OBSERVATORY@|EXAMPLE.ORG", 13),
        ("http://|192.168.100.200/|index", 20),
        ("WWW.EXAMPLE.COM/|SOME_LONG_|PATH?QUERY=1", 20),
        ("https://|abcdefghijklm|nopqrstuvwxyz", 20),
        ("+49-30-1234567-|89-0000000000", 20),
        ("Nordrhein-Westfalen-|Landtagswahl", 20),
        ("mother-in-law-|and-father-in-law", 20),
        ("#ThisIsA|VeryLong|Hashtag", 11),
    ],
)
def test_a_long_word_is_cut_at_its_own_signs_and_gets_no_hyphen(pieces: str, line_chars: int) -> None:
    assert "|".join(piece.text for piece in pieces_of(pieces.replace("|", ""), line_chars)) == pieces


@pytest.mark.parametrize(
    "pieces", ["Rindfleischetike-|ttierungsgesetz", "(Antidisestab-|lishmentaria-|nism…)", "RINDFLEISCHE-|TIKETTIERUNG"]
)
def test_a_long_word_of_letters_is_cut_evenly_with_hyphens(pieces: str) -> None:
    found = pieces_of(pieces.replace("-|", ""), 17)
    assert all(piece.text.endswith("-") for piece in found[:-1])
    assert "".join(piece.text.removesuffix("-") for piece in found) == pieces.replace("-|", "")
    lengths = [chars_of(piece.text) for piece in found]
    assert max(lengths) <= 17 and max(lengths) - min(lengths) <= 3


def test_a_figure_is_parted_from_the_letters_beside_it_before_it_is_cut_itself() -> None:
    assert [piece.text for piece in pieces_of("ພູເຂົາ$1,234,567.89ພູເຂົາ", 20)] == ["ພູເຂົາ$1,234,567.89", "ພູເຂົາ"]


@pytest.mark.parametrize("figure", ["$1,234,567.89.", "10.0.19045.3803", "1,234,567.89€", "12:34:56.789"])
@pytest.mark.parametrize("line_chars", [12, 13, 14])
def test_a_figure_is_set_smaller_rather_than_cut(figure: str, line_chars: int) -> None:
    (cue,) = break_into_cues([Word(figure, 0.0, 2.0)], CueShape(line_chars, 1))
    assert cue.text == figure


def test_a_figure_far_longer_than_a_line_is_cut_between_its_groups() -> None:
    found = [piece.text for piece in pieces_of("1,234,567,890,123,456,789,012", 20)]
    assert found == ["1,234,567,890,", "123,456,789,012"]


@settings(deadline=None)  # the first to run loads the dictionaries
@given(st.text(st.sampled_from("abCD12.,-/@_:«»é\u0301火ーไท "), min_size=1, max_size=80), st.integers(4, 42))
def test_pieces_make_up_the_word_and_fit(text: str, line_chars: int) -> None:
    found = pieces_of(text, line_chars)
    assert "".join(piece.text for piece in found).replace("-", "") == text.replace("-", "")
    assert [piece.first for piece in found] == [0.0, *(piece.end for piece in found[:-1])]
    assert all(chars_of(piece.text) <= line_chars for piece in found) or is_figure(text)


def test_subtitle_files_cut_a_long_word_as_the_picture_does() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    srt = to_srt(subtitle_cues([(0.0, [Word(word, 0.0, 4.0)])]))
    upper, lower = srt.splitlines()[2:4]
    assert upper.endswith("-") and upper.removesuffix("-") + lower == word
