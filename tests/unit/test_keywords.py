"""The few words that are set large on a scene's picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.keywords import Headline, HeadlineKind, headline


def test_a_title_is_set_whole() -> None:
    assert headline("Whatever is said.", "Black holes") == Headline(HeadlineKind.TITLE, "Black holes")


def test_a_title_with_a_colon_has_a_second_rank() -> None:
    found = headline("Whatever is said.", "Volcanoes: windows into the Earth")
    assert found == Headline(HeadlineKind.TITLE, "Volcanoes", "Windows into the Earth")


def test_the_number_of_a_list_item_stands_alone() -> None:
    found = headline("A dull blade slips.", "1. Sharpen your knife")
    assert found == Headline(HeadlineKind.NUMBER, "1", "Sharpen your knife")


@pytest.mark.parametrize(
    ("text", "figure", "counted"),
    [
        ("In 1883, Krakatoa was heard 4,800 kilometres away.", "4,800", "kilometres"),
        ("Revenue grew 37% in the third quarter.", "37%", "Revenue grew"),
        ("Your brain uses 20 percent of your energy.", "20%", "Brain uses"),
        ("The median salary is $4.5 million.", "$4.5", "million"),
        ("Es leben 1.200 Menschen dort.", "1.200", "Menschen"),
        ("Krakatoa erupted in 1883.", "1883", "Krakatoa erupted"),
    ],
)
def test_a_figure_comes_with_what_it_counts(text: str, figure: str, counted: str) -> None:
    assert headline(text, None) == Headline(HeadlineKind.NUMBER, figure, counted)


def test_percent_is_said_by_the_sign_alone() -> None:
    found = headline("More than 80 percent of the ocean has never been mapped.", None)
    assert found == Headline(HeadlineKind.NUMBER, "80%", "Ocean")


def test_a_figure_that_belongs_to_a_name_is_not_torn_from_it() -> None:
    assert headline("Apollo 11 landed on the Moon.", None) == Headline(HeadlineKind.PHRASE, "Apollo 11 landed")


@pytest.mark.parametrize("text", ["COVID-19 spread fast.", "Call +1 555 123 4567 now.", "Python 3.11 is out."])
def test_not_every_digit_is_a_figure(text: str) -> None:
    found = headline(text, None)
    assert found is None or found.kind is HeadlineKind.PHRASE


@pytest.mark.parametrize(
    "text",
    [
        *("192.168.0.1 today", "Water is H~2~O in short.", "2024-10-05 at 9:30", "1.2.3-rc1", "1.2.3-rc1 ships"),
        *("Set x=5 and y_2/3.", "Ratio 16:9 is wide.", "It cost 1,2,3 dollars.", "On 5 October it rose.", "See v2/3."),
    ],
)
def test_an_address_a_date_a_time_a_version_or_a_formula_is_not_cut_in_pieces(text: str) -> None:
    assert headline(text, None) is None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("python 3.11.2 is out", "Python 3.11.2"),
        ("ISO-8601.", "ISO-8601"),
        ("HTTP 404 means nothing is there.", "HTTP 404"),
    ],
)
def test_a_version_or_a_code_stays_whole_behind_its_name(text: str, phrase: str) -> None:
    assert headline(text, None) == Headline(HeadlineKind.PHRASE, phrase)


@pytest.mark.parametrize("text", ["It costs 12 ++ now.", "Room for 20 _x_ here."])
def test_what_a_figure_counts_begins_with_a_letter(text: str) -> None:
    assert headline(text, None) is None


@pytest.mark.parametrize("text", ["Layer by layer, over and over again, it cools and turns.", "so people farm it"])
def test_a_weak_word_or_half_a_sentence_is_no_headline(text: str) -> None:
    found = headline(text, None)
    assert found is None or found.main not in ("Layer", "People farm", "People")


def test_a_verb_is_not_torn_from_its_object() -> None:
    found = headline("In spring the second expedition finds the ship.", None)
    assert found == Headline(HeadlineKind.PHRASE, "Second expedition")


def test_a_short_question_is_asked_in_full() -> None:
    found = headline("It slept. What would happen if it woke up tomorrow?", None)
    assert found == Headline(HeadlineKind.QUESTION, "What would happen if it woke up tomorrow?")


def test_a_quotation_is_quoted() -> None:
    found = headline("As Seneca said, “luck is preparation meeting opportunity.”", None)
    assert found == Headline(HeadlineKind.QUOTE, "Luck is preparation meeting opportunity.")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Magma rises because it is lighter than the rock around it.", "Magma rises"),
        ("Every year, about fifty volcanoes erupt.", "Fifty volcanoes erupt"),
        ("Walk for twenty minutes and your blood pressure falls.", "Blood pressure falls"),
        ("Die Vulkane sind für viele Menschen eine Gefahr.", "Menschen"),
        ("L'été dernier, les forêts ont brûlé.", "L'été dernier"),
        ("Customers who leave rarely tell you why.", "Customers"),
        ("It is what it is.", "It is what it is"),
    ],
)
def test_else_the_weightiest_phrase_speaks_for_the_scene(text: str, phrase: str) -> None:
    assert headline(text, None) == Headline(HeadlineKind.PHRASE, phrase)


@pytest.mark.parametrize("text", ["", "   ", "… — !", "🎉🎉"])
def test_a_scene_without_words_has_no_headline(text: str) -> None:
    assert headline(text, None) is None


@given(st.text(max_size=300), st.one_of(st.none(), st.text(max_size=80)))
def test_any_text_has_a_headline_of_one_line_or_none(text: str, title: str | None) -> None:
    found = headline(text, title)
    assert found is None or (found.main.strip() and "\n" not in found.main)
