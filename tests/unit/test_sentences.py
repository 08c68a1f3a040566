"""Where sentences end, and how they become scenes."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.scene_cuts import LONGEST_S, cut_scenes, speech_s
from app.domain.sentences import split_sentences, tokens_of
from app.domain.unspaced import phrases_of


@pytest.mark.parametrize(
    "whole",
    [
        "Pi is 3.14, roughly.",
        "It weighs 1,000.5 kg in version v2.0 today.",
        "Dr. Smith met Mrs. Jones on St. Helens.",
        "Birds, e.g. Robins, and mammals, i.e. Whales, came.",
        "The U.S. Senate sat.",
        "At 5 a.m. on Jan. 5 we left.",
        "See No. 5, Fig. 3 and p. 7 for more.",
        "J. R. R. Tolkien wrote it.",
        "George W. Bush spoke.",
        "Read README.md or https://example.com/a.b?c=d. or mail me@example.com now.",
        'He said "Stop!" and left.',
        '"Really?" she asked.',
        "He left… and came back.",
        "Wait... for it.",
        "Yahoo! is a company.",
        "1. Preheat the oven.",
        "b) Then bake it.",
        "Am 5. Mai ging Hr. Müller z.B. nach Berlin.",
        "Das ist im 21. Jahrhundert bzw. heute so.",
        "M. Dupont et Mme. Curie sont là.",
        "El Sr. García vive en EE.UU. desde 1999.",
        "«Привет.» — сказал он.",
        "Он родился в 1999 г. в Москве.",
        "Am 3. Oktober kamen ca. 1.200 Menschen, z. B. Familien.",
        "Das kostet 3 Mio. Euro.",
        "Hr. Dr. med. Meier und Frau Dr. rer. nat. Weber sind da.",
        "Die dt. Regierung gab insb. Städten ca. 5 Mrd. Euro.",
        "El Sr. García vive en EE. UU. desde 1990.",
        "Las FF. AA. españolas, p. ej. Infantería, y aprox. 200 más.",
        "Env. 200 personnes, par ex. Paul, c.-à-d. Marie aussi.",
        "Circa 3 mln. Italiani, ad es. Maria.",
        "It is 5 ft. 3 in. tall (approx. 160 cm).",
        "Было ок. 300 человек.",
    ],
)
def test_a_stop_that_belongs_to_a_word_ends_no_sentence(whole: str) -> None:
    assert split_sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Is it? It is!! (So.) “Good.” Bye.", ["Is it?", "It is!!", "(So.)", "“Good.”", "Bye."]),
        ("No. I will not.", ["No.", "I will not."]),
        ("He came at 5 a.m. Then he left.", ["He came at 5 a.m.", "Then he left."]),
        ("I live in the U.S. The end.", ["I live in the U.S.", "The end."]),
        ("It was in 1999. Then came 2000.", ["It was in 1999.", "Then came 2000."]),
        ("Cats, dogs, etc. The list goes on.", ["Cats, dogs, etc.", "The list goes on."]),
        ("That is plan B. We go.", ["That is plan B.", "We go."]),
        ("Visit example.com. Then read README.md. Done.", ["Visit example.com.", "Then read README.md.", "Done."]),
        ("It ran. iPhone sales rose.", ["It ran.", "iPhone sales rose."]),
        ("hello there. this is lower case.", ["hello there.", "this is lower case."]),
        ("今天天气好。“真的吗？”他问。", ["今天天气好。", "“真的吗？”", "他问。"]),
        ("मैं हूँ। तुम हो।", ["मैं हूँ।", "तुम हो।"]),
        ("كيف حالك؟ أنا بخير. شكرا.", ["كيف حالك؟", "أنا بخير.", "شكرا."]),
        ("Il a dit « Bonjour. » Elle part.", ["Il a dit « Bonjour. »", "Elle part."]),
        ("Vraiment ? Oui !", ["Vraiment ?", "Oui !"]),
        ("Es kostet 3 Mio. Das ist viel.", ["Es kostet 3 Mio.", "Das ist viel."]),
        ("Han kom med. Anna gick.", ["Han kom med.", "Anna gick."]),
        ("Vive en EE. UU. El resto no.", ["Vive en EE. UU.", "El resto no."]),
        ("I read Part II. John did not.", ["I read Part II.", "John did not."]),
        ("They went to the mill. John stayed.", ["They went to the mill.", "John stayed."]),
        ("Keep it in mind. John did.", ["Keep it in mind.", "John did."]),
        ("It is OK. 5 people came.", ["It is OK.", "5 people came."]),
        ("She banks with ING. They like it.", ["She banks with ING.", "They like it."]),
        ("Ich mag es. Anna auch.", ["Ich mag es.", "Anna auch."]),
        ("¿Sí? ¡No! Quizás.", ["¿Sí?", "¡No!", "Quizás."]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


WORDS = st.text(alphabet="aB1.,;:!?…—\"'()。！？،。 \né中カ", max_size=400)


@given(WORDS)
def test_splitting_loses_no_character_and_keeps_the_order(text: str) -> None:
    joined = "".join(split_sentences(text))
    assert joined.replace(" ", "") == "".join(text.split())


@given(st.lists(WORDS, max_size=5))
def test_cutting_scenes_loses_no_character_and_keeps_the_order(paragraphs: list[str]) -> None:
    scenes = cut_scenes(paragraphs)
    assert "".join(scenes).replace(" ", "") == "".join("".join(paragraphs).split())
    assert all(scene and scene == " ".join(scene.split()) for scene in scenes)


@given(
    st.lists(st.sampled_from(["short", "considerably", "words,", "stop.", "and", "—", "1,000", "火山。"]), min_size=1)
)
def test_no_scene_of_ordinary_words_is_longer_than_the_limit_and_no_word_is_cut(words: list[str]) -> None:
    scenes = cut_scenes([" ".join(words)])
    assert [token for scene in scenes for token in scene.split(" ")] == words
    assert all(speech_s(scene.split(" ")) <= LONGEST_S for scene in scenes)


def test_short_sentences_of_a_paragraph_share_a_scene() -> None:
    assert cut_scenes(["It rains. It pours. The old man is snoring loudly in his bed."]) == [
        "It rains. It pours. The old man is snoring loudly in his bed."
    ]


def test_a_scene_ends_with_a_sentence_when_it_can() -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the old river bank."
    scenes = cut_scenes([" ".join([sentence] * 6)])
    assert len(scenes) > 2
    assert all(scene.endswith("bank.") for scene in scenes)


def test_a_sentence_too_long_for_a_scene_is_cut_at_its_strongest_clause_end() -> None:
    first = "The plates of the crust drift apart by a few centimeters every year, as fast as fingernails grow;"
    second = "where they part, melted rock wells up and cools, and a new sea floor is born without anyone seeing it."
    assert cut_scenes([f"{first} {second}"]) == [first, second]


def test_a_long_sentence_without_punctuation_is_cut_before_a_conjunction() -> None:
    words = (
        "the big round stone rolled slowly down the steep green hill toward the quiet little town where nobody saw it "
    )
    first, second = cut_scenes([f"{words}and {words}"])
    assert first == words.strip()
    assert second == f"and {words}".strip()


def test_scenes_are_balanced_rather_than_filled_up() -> None:
    sentence = "This sentence takes about four seconds to read aloud."
    lengths = [speech_s(scene.split(" ")) for scene in cut_scenes([" ".join([sentence] * 7)])]
    assert max(lengths) < 2 * min(lengths) + 1


def test_an_unspaced_script_is_cut_at_its_own_stops() -> None:
    sentence = "岩浆从地下上升，喷出地表后称为熔岩，冷却以后变成岩石。"
    scenes = cut_scenes([sentence * 4])
    assert len(scenes) > 1
    assert all(scene.endswith("。") for scene in scenes)
    assert "".join(scenes) == sentence * 4


def test_an_unspaced_sentence_too_long_for_a_scene_is_cut_between_its_phrases() -> None:
    sentence = (
        "火山の下の深いところでインターナショナルな研究者たちがYouTubeで公開した動画を見ながらマグマの動きを調べて" * 3
    )
    scenes = cut_scenes([sentence])
    assert len(scenes) > 2 and "".join(scenes) == sentence
    phrases = phrases_of(sentence, japanese=True)
    ends = set(accumulate(map(len, phrases)))
    assert set(accumulate(map(len, scenes))) <= ends


@settings(deadline=None)  # the first to run loads the dictionaries
@given(st.lists(st.sampled_from(["火山。", "”", "「は」", "2024", "a.", " ", "ไฟ", "x" * 46, "है।"]), min_size=1))
def test_the_scenes_of_a_paragraph_have_the_spaces_of_their_author(parts: list[str]) -> None:
    paragraph = " ".join("".join(parts).split())
    at = 0
    for scene in cut_scenes([paragraph]):
        assert paragraph[at:].removeprefix(" ").startswith(scene)
        at = paragraph.index(scene, at) + len(scene)
    assert at == len(paragraph)


def test_a_word_longer_than_a_scene_is_cut_as_a_last_resort() -> None:
    scenes = cut_scenes(["x" * 5000])
    assert "".join(scenes).replace(" ", "") == "x" * 5000
    assert all(speech_s(scene.split(" ")) <= LONGEST_S for scene in scenes)


def test_a_combining_mark_stays_with_its_letter() -> None:
    pieces = " ".join(cut_scenes(["e\u0323" * 2000])).split(" ")
    assert all(piece[0] == "e" for piece in pieces)


@pytest.mark.parametrize("unit", ["It is so, e.g. here. ", "word ", "a, ", "x", "。", "— "])
def test_five_megabytes_of_anything_are_cut_to_the_last_character(unit: str) -> None:
    # Quadratic work would never end here; the test's own timeout is the judge.
    text = unit * (500_000 // len(unit.encode()))
    assert sum(len(scene.replace(" ", "")) for scene in cut_scenes([text])) == len(text.replace(" ", ""))


def test_tokens_are_what_stands_between_spaces() -> None:
    assert tokens_of(" a  b\tc\nd ") == ["a", "b", "c", "d"]
