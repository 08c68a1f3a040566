"""A caller's text as a script: what is said, what is left out and noted, and what is refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import InvalidInput, RequestError, TooLarge
from app.domain.plain_words import with_spoken_urls, with_stop
from app.domain.scene_cuts import speech_s
from app.domain.script import Script, with_images
from app.domain.video import SceneInput
from app.providers.own_text import MAX_WORDS, script_from_scenes, script_from_text

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def said(script: Script) -> str:
    return " ".join(scene.text for scene in script.scenes)


def titles(script: Script) -> list[str | None]:
    return [scene.title for scene in script.scenes]


# What is said


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("Hello", "Hello"),
        ("**Bold**, *slanted* and `code()`.", "Bold, slanted and code()."),
        ("Read [the guide](https://x.org/very/long) now.", "Read the guide now."),
        (
            "See https://www.example.com/a/b?c=1#d, then <http://docs.python.org/3>.",
            "See example.com, then docs.python.org.",
        ),
        ("Write to <me@example.com>.", "Write to me@example.com."),
        ("- apples\n- pears, ripe;\n- plums!", "apples. pears, ripe; plums!"),
        ("3. Mix\n4. Bake", "3. Mix. 4. Bake."),
        ("- [x] done\n- [ ] open", "done. open."),
        ("• one\n• two", "one. two."),
        ("> To be,\n> or not.", "To be, or not."),
        ("AT&amp;T &copy; 2024 &mdash; yes.", "AT&T © 2024 — yes."),
        ("Fill in <your name> and H<sub>2</sub>O.", "Fill in your name and H2O."),
        ("Roses are red  \nviolets are blue", "Roses are red. violets are blue"),
        ("A heading-free line\n\nand a second paragraph", "A heading-free line. and a second paragraph"),
        # No space stands between lines or paragraphs of scripts that write none.
        ("火山\n\n喷发了", "火山。喷发了"),
        ("火山は、\n地球の\n扉です。", "火山は、地球の扉です。"),
        ("他说：“你好。”然后走了。\n他 笑了。", "他说：“你好。”然后走了。他 笑了。"),
        ("価格は$5です。2024年も\nYouTubeで", "価格は$5です。2024年も YouTubeで"),
        ("Chapter 1 ........ 5\n\n=======", "Chapter 1 5"),
    ],
)
def test_marks_are_dropped_and_words_are_kept(markdown: str, words: str) -> None:
    assert said(script_from_text(markdown)) == words


def test_hard_wrapped_plain_text_reads_as_paragraphs() -> None:
    text = "\ufeff    The first line\r\nof an indented paragraph.\r\n\r\n    And a second\r\n    one.\r\n"
    assert said(script_from_text(text)) == "The first line of an indented paragraph. And a second one."


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth", "zerowidth"),
        ("ភ្នំភ្លើង\u200bគឺជា\u200bទ្វារ", "ភ្នំភ្លើងគឺជាទ្វារ"),
        ("\u202eoverride\u202c", "override"),
        ("10\u00a0000\u2009km", "10 000 km"),
        ("ﬁne 𝐛𝐨𝐥𝐝 ＡＢＣ", "fine bold ABC"),
        ("cafe\u0301", "café"),
        ("bell\x07s", "bells"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_characters_that_harm_are_folded_and_those_that_spell_are_kept(raw: str, clean: str) -> None:
    assert said(script_from_text(raw)) == clean


# Titles


def test_headings_are_titles_of_the_first_scene_below_them_and_are_not_said() -> None:
    script = script_from_text("# Volcanoes\n\nHot rock rises.\n\n## Lava\n\nIt glows.\n")
    assert script.title == "Volcanoes"
    assert [(scene.title, scene.text) for scene in script.scenes] == [
        ("Volcanoes", "Hot rock rises."),
        ("Lava", "It glows."),
    ]


def test_only_the_first_scene_below_a_heading_shows_it() -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the old river bank. "
    assert titles(script_from_text("## Foxes\n\n" + sentence * 6))[:2] == ["Foxes", None]


def test_a_heading_with_nothing_below_it_is_said() -> None:
    script = script_from_text("# Tides\n\nThey rise.\n\n## The end\n")
    assert script.scenes[-1].text == "The end."


def test_headings_without_text_between_them_share_a_scene() -> None:
    assert titles(script_from_text("# Tides\n## The Moon\nIt pulls.")) == ["Tides: The Moon"]


def test_a_paragraph_above_a_line_of_dashes_is_no_heading() -> None:
    script = script_from_text("A paragraph that is wrapped\nover two lines.\n-----\nThe next.")
    assert titles(script) == [None]


def test_scenes_never_cross_a_heading() -> None:
    script = script_from_text("# A\n\nOne.\n\n# B\n\nTwo.\n\n# C\n\nThree.")
    assert [scene.text for scene in script.scenes] == ["One.", "Two.", "Three."]


# What is left out


@pytest.mark.parametrize(
    ("markdown", "note"),
    [
        ("Hi.\n\n```py\na = 1\nb = 2\n```\n", "Skipped a code block of 2 lines at line 3."),
        ("Hi.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "Skipped a table of 2 rows at line 3."),
        ("Hi.\n\n<div>\n<b>x</b>\n</div>\n", "Skipped HTML of 3 lines at line 3."),
        ("Hi ![a cat](cat.png).", "Skipped an image at line 1."),
        ("---\ntitle: x\ntags: [a]\n---\nHi.", "Skipped front matter of 4 lines."),
        ("Hi[^1].\n\n[^1]: A remark.\n", "Skipped a footnote at line 3."),
        ("Hi ~~old~~.", "Skipped struck-out words at line 1."),
        ("Hi 🌋🌋.", "Left out 2 emoji or other pictographs, which no voice says."),
    ],
)
def test_what_cannot_be_said_is_skipped_with_a_note(markdown: str, note: str) -> None:
    script = script_from_text(markdown)
    assert script.notes == (note,)
    assert said(script).replace(" ", "").startswith("Hi")
    assert not {"a", "cat", "old", "title", "remark", "1"} & set(said(script).lower().strip(".").split())


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("I love it ❤️ so much 👍🏽!", "I love it so much!"),
        ("Great 👍 🎉, thanks (really 😀).", "Great, thanks (really)."),
        ("So it goes (👍 fine).", "So it goes (fine)."),
        ("Bravo 👍 ! Merci.", "Bravo ! Merci."),
        ("One👍two.", "One two."),
    ],
)
def test_a_dropped_pictograph_leaves_no_space_before_punctuation(markdown: str, words: str) -> None:
    assert said(script_from_text(markdown)) == words


def test_front_matter_does_not_shift_the_line_numbers_of_notes() -> None:
    script = script_from_text("---\na: b\n---\nHi.\n\n```\nx\n```\n")
    assert script.notes[-1] == "Skipped a code block of 1 line at line 6."


def test_a_text_between_two_rules_is_no_front_matter() -> None:
    assert said(script_from_text("---\nHello world, my friend.\n\n---\nBye.")) == "Hello world, my friend. Bye."


def test_hundreds_of_code_blocks_give_a_readable_list_of_notes() -> None:
    script = script_from_text("Hi.\n\n" + "```\nx\n```\n\n" * 300)
    assert len(script.notes) < 50
    assert script.notes[-1] == "Skipped 260 more things of these kinds."


# Images and explicit scenes


def test_images_go_to_the_scenes_in_order() -> None:
    script = with_images(script_from_text("# A\n\nOne.\n\n# B\n\nTwo.\n\n# C\n\nThree."), ["i1", "i2"])
    assert [scene.image for scene in script.scenes] == ["i1", "i2", None]


def test_a_scene_keeps_the_image_it_was_given() -> None:
    given = script_from_scenes([SceneInput("One.", image="own"), SceneInput("Two.")])
    assert [scene.image for scene in with_images(given, ["i1"]).scenes] == ["own", "i1"]


def test_images_too_many_are_noted() -> None:
    script = with_images(script_from_text("One."), ["i1", "i2", "i3"])
    assert script.notes == ("The last 2 of 3 images were not used: the script has 1 scenes.",)


def test_an_explicit_scene_stays_one_scene() -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the old river bank. "
    script = script_from_scenes([SceneInput(sentence * 8, title="Foxes", image="i1"), SceneInput("**Bye**.")])
    assert [(scene.number, scene.title, scene.image) for scene in script.scenes] == [
        (1, "Foxes", "i1"),
        (2, None, None),
    ]
    assert script.scenes[1].text == "Bye."
    assert script.notes == ()


def test_an_explicit_scene_far_too_long_is_cut_and_says_so() -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the old river bank. "
    script = script_from_scenes([SceneInput(sentence * 30, title="Foxes", image="i1")])
    assert len(script.scenes) > 5
    assert {scene.image for scene in script.scenes} == {"i1"}
    assert [title for title in titles(script) if title] == ["Foxes"]
    assert "was cut into" in script.notes[0]


def test_a_heading_inside_an_explicit_scene_is_its_title() -> None:
    scene = script_from_scenes([SceneInput("# Lava\n\nIt glows.")]).scenes[0]
    assert (scene.title, scene.text) == ("Lava", "It glows.")


def test_an_explicit_scene_with_nothing_to_say_names_its_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        script_from_scenes([SceneInput("Fine."), SceneInput("🌋")])
    assert caught.value.field == "scenes.1.text"


def test_no_scene_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        script_from_scenes([])
    assert caught.value.field == "scenes"


# What is refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n\t\u200b ", "nothing to say"),
        ("🌋 😀", "2 emoji"),
        ("```\ncode\n```", "1 code block"),
        ("| a |\n|---|\n| b |", "1 table"),
        ("--- *** ?!", "no letter and no digit"),
        ("\x00\x01\x02PNG\x03\x04", "binary"),
        ("\ufffd\ufffd\ufffd\ufffdPNG", "binary"),
        ("lone \ud800 surrogate", "surrogate stands at character 6"),
        ("x" * 100_000, "100,000 characters long"),
        ("word " * (MAX_WORDS + 1), "20,001 words"),
    ],
)
def test_a_text_that_cannot_be_a_script_is_refused_with_what_was_found(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        script_from_text(text)
    assert caught.value.field == "text"


def test_five_megabytes_are_too_large() -> None:
    with pytest.raises(TooLarge) as caught:
        script_from_text("word " * 1_000_000)
    assert caught.value.details["field"] == "text"


def test_twenty_thousand_words_are_accepted() -> None:
    script = script_from_text("This is a sentence of seven words. " * (MAX_WORDS // 7))
    assert len(said(script).split(" ")) == MAX_WORDS // 7 * 7


@pytest.mark.parametrize("storm", ["[", "![", "> ", "- ", "*a _b ", "`", "<", "# ", "[^1]", "&", "\\", "|", "(["])
def test_a_storm_of_markup_ends(storm: str) -> None:
    # Each of these has made some Markdown parser take hours; the test's own timeout is the judge.
    try:
        script_from_text("Hi. " + storm * (200_000 // len(storm)))
    except RequestError:
        pass


# What must hold for any text


@settings(max_examples=150)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_gives_scenes_of_single_spaced_words_or_a_clear_refusal(text: str) -> None:
    try:
        script = script_from_text(text)
    except RequestError as error:
        assert error.message
        return
    assert [scene.number for scene in script.scenes] == list(range(1, len(script.scenes) + 1))
    for scene in script.scenes:
        assert scene.text == " ".join(scene.text.split())
        assert any(char.isalnum() for char in scene.text)
        assert not {unicodedata.category(char) for char in scene.text} & {"Cc", "Cs", "Co", "Zl", "Zp"}


@given(st.text(alphabet="#*_`[]()<>!-+|~=\n \\&1.aB:^\"'", max_size=300))
def test_any_mixture_of_marks_is_read(text: str) -> None:
    try:
        script_from_text(text)
    except InvalidInput as error:
        assert error.field == "text"


@pytest.mark.parametrize("name", ["volcanoes.md", "el-faro.md", "http-status.md"])
def test_the_examples_make_about_a_minute_of_scenes_worth_watching(name: str) -> None:
    script = script_from_text((EXAMPLES / name).read_text(encoding="utf-8"))
    lengths_s = [speech_s(scene.text.split(" ")) for scene in script.scenes]
    assert 45 < sum(lengths_s) < 70
    assert all(4 < length_s < 13 for length_s in lengths_s)
    assert script.title and script.scenes[0].title == script.title


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("詳しくはhttps://www.example.co.jp/market-guideをご覧ください。", "詳しくはexample.co.jpをご覧ください。"),
        ("请访问www.example.org/a?x=1，或发邮件。", "请访问example.org，或发邮件。"),
        ("www.example.kr/seoul-night에서 확인하세요.", "example.kr에서 확인하세요."),
        ("ดูที่ https://example.co.th/a/bได้เลย", "ดูที่ example.co.thได้เลย"),
    ],
)
def test_a_sentence_goes_on_behind_an_address_without_a_space(text: str, spoken: str) -> None:
    assert with_spoken_urls(text) == spoken


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("ราคาถูก", "ราคาถูก"),
        ("ราคา 5", "ราคา 5"),
        ("トラックです", "トラックです。"),
        ("增长8%", "增长8%。"),
        ("ភាសា", "ភាសា។"),
        ("हिन्दी", "हिन्दी।"),
        ("The end", "The end."),
    ],
)
def test_a_paragraph_ends_as_its_script_ends_sentences(text: str, ended: str) -> None:
    assert with_stop(text) == ended
