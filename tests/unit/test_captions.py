"""Captions: every word is shown, in order, in lines that fit, and never two cues at once."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.captions import SHORT_LINE, WIDE_LINES, Cue, CueShape, break_into_cues, caption_spans, shape_for
from app.domain.speech import Word

shapes = st.sampled_from([SHORT_LINE, WIDE_LINES])
token_texts = st.one_of(
    st.from_regex(r"[a-z]{1,9}[,.;!?]?", fullmatch=True),
    st.sampled_from(["I", "a", "of", "Dr.", "€5.90", "https://example.org/a/rather-long/address?with=query"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=70),
)


@st.composite
def speeches(draw: st.DrawFn) -> list[Word]:
    """Words whose times never go back, but may stand still."""
    words = []
    at_s = 0.0
    for text in draw(st.lists(token_texts, max_size=40)):
        at_s += draw(st.sampled_from([0.0, 0.0, 0.05, 0.3, 2.0]))
        end_s = at_s + draw(st.sampled_from([0.0, 0.1, 0.35, 0.9]))
        words.append(Word(text, at_s, end_s))
        at_s = end_s
    return words


def spoken(text: str, *, word_s: float = 0.3, pause_s: float = 0.5) -> list[Word]:
    """A steady voice that pauses after sentences."""
    words = []
    at_s = 0.0
    for token in text.split(" "):
        words.append(Word(token, at_s, at_s + word_s))
        at_s += word_s + (pause_s if token[-1] in ".!?" else 0.0)
    return words


def texts(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.text for cue in cues]


@given(speeches(), shapes)
def test_every_line_fits_and_no_cue_has_too_many(words: list[Word], shape: CueShape) -> None:
    for cue in break_into_cues(words, shape):
        assert 1 <= len(cue.lines) <= shape.lines
        for line in cue.lines:
            # Marks that combine make a string longer than what is seen; these fit even when they are counted out.
            seen = " ".join(word.text for word in line)
            assert len(seen) <= shape.line_chars or not seen.isascii()


@given(speeches(), shapes)
def test_no_character_of_the_script_is_lost_added_or_moved(words: list[Word], shape: CueShape) -> None:
    shown = "".join(word.text for cue in break_into_cues(words, shape) for word in cue.words)
    said = "".join(word.text for word in words if word.text.strip())
    # A cut word gains hyphens; nothing else may differ.
    assert shown.replace("-", "") == said.replace("-", "")


@given(speeches(), shapes, st.floats(0, 100))
def test_cues_follow_each_other_without_overlap(words: list[Word], shape: CueShape, offset_s: float) -> None:
    cues = break_into_cues(words, shape, offset_s=offset_s)
    for cue in cues:
        assert offset_s <= cue.start_s < cue.end_s
    for earlier, later in zip(cues, cues[1:], strict=False):
        assert earlier.end_s <= later.start_s


@given(speeches(), shapes, st.floats(0, 10))
def test_no_cue_outlasts_the_limit_unless_it_begins_after_it(
    words: list[Word], shape: CueShape, until_s: float
) -> None:
    for cue in break_into_cues(words, shape, until_s=until_s):
        assert cue.end_s <= max(until_s, cue.start_s)


@given(speeches(), shapes, st.sampled_from([24, 25, 30, 60]), st.booleans())
def test_at_most_one_state_is_on_screen_in_any_frame(
    words: list[Word], shape: CueShape, fps: int, highlight: bool
) -> None:
    frames = 5 * fps
    spans = caption_spans(break_into_cues(words, shape), highlight=highlight, fps=fps, frames=frames)
    for span in spans:
        assert 0 <= span.first_frame < span.end_frame <= frames
    for earlier, later in zip(spans, spans[1:], strict=False):
        assert earlier.end_frame <= later.first_frame


def test_a_sentence_is_not_carried_over_into_the_next_cue() -> None:
    cues = break_into_cues(spoken("It was late. The mountain began to smoke again."), SHORT_LINE)
    assert texts(cues)[0] == "It was late."


@pytest.mark.parametrize(
    "text", ["The workers left the tunnel. Shares fell on Monday.", "Shares fell on Monday. The ferry stayed in port."]
)
def test_no_sentence_begins_at_the_end_of_a_cue(text: str) -> None:
    cues = break_into_cues(spoken(text, pause_s=0.35), SHORT_LINE)
    assert all(". " not in cue for cue in texts(cues)) and len(cues) == 4


def test_a_clause_ends_a_cue_where_it_can() -> None:
    cues = break_into_cues(spoken("When it all shook, everyone ran down the hill."), SHORT_LINE)
    assert any(text.endswith("shook,") for text in texts(cues))


def test_the_last_word_of_a_sentence_does_not_stand_alone() -> None:
    cues = break_into_cues(spoken("The lava flows down the slope to sea."), SHORT_LINE)
    assert all(" " in text for text in texts(cues))


def test_two_lines_are_of_like_length() -> None:
    (cue,) = break_into_cues(spoken("Volcanic ash and gases escape from a chamber below the surface."), WIDE_LINES)
    upper, lower = cue.text.split("\n")
    assert abs(len(upper) - len(lower)) <= 10


def test_a_title_does_not_end_a_sentence() -> None:
    cues = break_into_cues(spoken("Then Dr. Smith spoke.", pause_s=0), WIDE_LINES)
    assert texts(cues) == ["Then Dr. Smith spoke."]


@pytest.mark.parametrize("shape", [SHORT_LINE, WIDE_LINES])
@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Am 3. Oktober kamen ca. 1.200 Menschen – z. B. Familien aus der Stadt.", "z. B. Familien"),
        ("Am 3. Oktober kamen ca. 1.200 Menschen – z. B. Familien aus der Stadt.", "ca. 1.200"),
        ("Yesterday all of us paid $3.50 (approx. €3.20) for the coffee.", "(approx. €3.20)"),
        ("The whole family went to see Dr. Meier about it.", "Dr. Meier"),
        ("The whole family went to see Mrs Meier about it.", "Mrs Meier"),
        ("From the old harbour it is 1,200 km to the city.", "1,200 km"),
        ("Die neue Brücke kostet die Stadt 3 Mio. Euro im Jahr.", "3 Mio. Euro"),
    ],
)
def test_what_is_read_as_one_stays_on_one_line(text: str, whole: str, shape: CueShape) -> None:
    lines = [line for cue in break_into_cues(spoken(text, pause_s=0), shape) for line in cue.text.split("\n")]
    assert any(whole in line for line in lines), lines


def test_a_bracket_that_nothing_closes_changes_nothing() -> None:
    words = "one two, three four five six seven eight nine ten".split()
    closed_never = break_into_cues(spoken(" ".join(["(ab", *words])), SHORT_LINE)
    without = break_into_cues(spoken(" ".join(["-ab", *words])), SHORT_LINE)
    assert [len(cue.words) for cue in closed_never] == [len(cue.words) for cue in without]


def test_a_long_word_is_cut_with_a_hyphen_and_its_pieces_share_its_time() -> None:
    cues = break_into_cues([Word("Rindfleischetikettierungsgesetz", 1.0, 4.0)], SHORT_LINE)
    assert [text.endswith("-") for text in texts(cues)] == [True, False]
    assert cues[0].start_s == 1.0 and cues[0].end_s == cues[1].start_s
    assert 2.0 < cues[1].start_s < 3.0


def test_an_address_is_cut_after_a_slash_and_gets_no_hyphen() -> None:
    cues = break_into_cues([Word("https://en.example.org/volcano", 0.0, 2.0)], SHORT_LINE)
    assert all(text[-1] != "-" for text in texts(cues))
    assert any(text.endswith(("/", ".")) for text in texts(cues)[:-1])


def test_a_word_of_a_hundred_thousand_letters_is_shown_to_its_end() -> None:
    cues = break_into_cues([Word("a" * 100_000, 0.0, 60.0)], SHORT_LINE)
    assert "".join(texts(cues)).count("a") == 100_000
    assert cues[-1].words[-1].end_s == pytest.approx(60.0)


def test_a_cut_never_parts_a_letter_from_its_accent() -> None:
    text = "e\u0301" * 50
    cues = break_into_cues([Word(text, 0.0, 5.0)], SHORT_LINE)
    assert all(not cue.text.startswith("\u0301") for cue in cues)


def test_words_that_come_at_the_same_instant_are_each_seen() -> None:
    words = [Word(text, 0.0, 0.0) for text in "one two three".split()] + [Word("four", 3.0, 3.3)]
    cues = break_into_cues(words, SHORT_LINE)
    starts_s = [word.start_s for cue in cues for word in cue.words]
    assert starts_s == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("gap_s", [0.05, 0.3, 0.6])
def test_a_cue_stays_over_a_short_gap(gap_s: float) -> None:
    words = [Word("The first long phrase.", 0.0, 1.0), Word("Another long phrase.", 1.0 + gap_s, 2.0 + gap_s)]
    first, second = break_into_cues(words, CueShape(22, 1))
    assert first.end_s == second.start_s


def test_the_screen_is_empty_in_a_long_silence() -> None:
    words = [Word("Before it.", 0.0, 1.0), Word("After it.", 5.0, 6.0)]
    first, _ = break_into_cues(words, SHORT_LINE)
    assert first.end_s < 2.0


def test_a_short_word_is_shown_long_enough_to_be_read() -> None:
    (cue,) = break_into_cues([Word("No.", 1.0, 1.1)], SHORT_LINE)
    assert cue.end_s - cue.start_s >= 0.8


def test_each_word_is_marked_from_its_start_until_the_next_begins() -> None:
    cues = break_into_cues(spoken("Lava is hot."), SHORT_LINE)
    spans = caption_spans(cues, highlight=True, fps=30, frames=300)
    assert [(span.first_frame, span.highlighted) for span in spans] == [(0, 0), (9, 1), (18, 2)]


def test_no_words_make_no_cues() -> None:
    assert break_into_cues([], WIDE_LINES) == ()
    assert break_into_cues([Word(" ", 0.0, 1.0)], WIDE_LINES, until_s=math.inf) == ()


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((1080, 1920), SHORT_LINE),
        ((1080, 1080), SHORT_LINE),
        ((1080, 1350), SHORT_LINE),
        ((1920, 1080), WIDE_LINES),
    ],
)
def test_the_frame_decides_how_much_text_stands_in_it(size: tuple[int, int], shape: CueShape) -> None:
    assert shape_for(*size) == shape
