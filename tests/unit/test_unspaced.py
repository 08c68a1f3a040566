"""Scripts without spaces: where they are parted, and what becomes of their captions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.caption_tokens import clusters_of
from app.domain.captions import SHORT_LINE, WIDE_LINES, break_into_cues
from app.domain.speech import Word
from app.domain.unspaced import NEVER_FIRST, NEVER_LAST, phrases_of


def parted(text: str) -> str:
    clusters = clusters_of(text)
    cuts = [0, *phrases_of(clusters), len(clusters)]
    return "|".join("".join(clusters[first:end]) for first, end in pairwise(cuts))


@pytest.mark.parametrize(
    "text",
    [
        "火|山|是|通|向|地|球|的|门，|你|好！",
        "火山は|地球の|扉です。",
        "「コンピューター」を|使って、|勉強しました。",
        "使|用|Python|编|程",
        "（|火|山）".replace("（|", "（"),
        "ภู|เขา|ไฟ|โลก",
        # A vowel sign, a tone and sara am belong to the letter before them.
        "น้ำแข็ง".replace("แ", "|แ"),
    ],
)
def test_phrases_begin_where_a_reader_would_pause(text: str) -> None:
    assert parted(text.replace("|", "")) == text


cjk_texts = st.text(st.sampled_from("火山是地球のはをてコンピュータっゃー、。「」（）！A1%"), min_size=1, max_size=60)


@given(cjk_texts)
def test_no_phrase_begins_or_ends_with_what_may_not_stand_there(text: str) -> None:
    phrases = parted(text).split("|")
    assert "".join(phrases) == text
    assert not any(phrase[0] in NEVER_FIRST for phrase in phrases[1:])
    assert not any(phrase[-1] in NEVER_LAST for phrase in phrases[:-1])


@given(cjk_texts, st.sampled_from([SHORT_LINE, WIDE_LINES]))
def test_lines_fit_by_width_and_keep_every_character_without_added_spaces(text: str, shape: object) -> None:
    assert shape in (SHORT_LINE, WIDE_LINES)
    shape = SHORT_LINE if shape == SHORT_LINE else WIDE_LINES
    cues = break_into_cues([Word(text, 0.0, 6.0)], shape)
    assert "".join(cue.text.replace("\n", "") for cue in cues) == text
    for line in (line for cue in cues for line in cue.text.split("\n")):
        assert sum(1 if char.isascii() else 2 for char in line) <= shape.line_chars + 1


def test_words_parted_after_a_stop_stand_side_by_side_and_latin_words_keep_their_space() -> None:
    words = [Word("你好，", 0, 1), Word("世界。", 1, 2), Word("Hello", 2, 3), Word("world.", 3, 4)]
    (cue,) = break_into_cues(words, WIDE_LINES)
    assert cue.text.replace("\n", " ") == "你好，世界。 Hello world."


def test_the_highlight_moves_through_a_clause_in_order() -> None:
    (cue,) = break_into_cues([Word("火山は地球の扉です。", 0.0, 2.0)], WIDE_LINES)
    assert [word.text for word in cue.words] == ["火山は", "地球の", "扉です。"]
    assert [word.start_s for word in cue.words] == pytest.approx([0.0, 0.6, 1.2])


def test_letters_that_are_joined_are_never_parted() -> None:
    assert clusters_of("क्षेत्र") == ["क्षे", "त्र"]
    assert clusters_of("น้ำ") == ["น้ำ"]
