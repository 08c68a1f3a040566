"""Lines set in type: the face of each script, and words where a reader looks for them."""

from __future__ import annotations

import re

import pytest
from PIL import Image, ImageDraw

from app.domain.scripts import Script
from app.typography.lettering import drawable, faces_of, missing_glyphs
from app.typography.line_setting import Run, SetLine, set_line
from app.typography.typefaces import european, face_for, font_of, found_fonts, han_form

SIZE_PX = 40.0


def runs(text: str) -> tuple[Run, ...]:
    return tuple(Run(token, index) for index, token in enumerate(text.split(" ")))


def spans(line: SetLine) -> dict[int, tuple[float, float]]:
    """Each word's part of the line, in pixels."""
    starts = [0.0, *(end for _, end in line.shares)]
    return {word: (start, end) for (word, end), start in zip(line.shares, starts, strict=False)}


def test_words_written_from_the_right_own_the_right() -> None:
    of = spans(set_line(runs("שלום עולם טוב"), SIZE_PX, base=1))
    assert of[0][0] > of[1][0] > of[2][0] == 0.0


def test_a_latin_name_in_arabic_keeps_its_own_order_in_the_middle() -> None:
    of = spans(set_line(runs("قناة You Tube هنا"), SIZE_PX, base=1))
    assert of[3] < of[1] < of[2] < of[0]


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "ज्वालामुखी का द्वार", "שלום (עולם)", "ภูเขา ไฟ", "Łódź ist schön"])
def test_shares_cover_the_line_without_gap_or_overlap(text: str) -> None:
    line = set_line(runs(text), SIZE_PX, base=0)
    ends = [end for _, end in line.shares]
    assert ends == sorted(ends) and ends[-1] == pytest.approx(line.width_px)
    assert sorted(word for word, _ in line.shares) == list(range(len(text.split(" "))))


def ink(text: str, script: Script, direction: str) -> bytes:
    face = face_for(script, "")
    assert face is not None
    picture = Image.new("L", (400, 100))
    ImageDraw.Draw(picture).text((20, 60), text, 255, font_of(face, SIZE_PX), "ls", direction=direction)
    return picture.tobytes()


def test_letters_are_shaped_not_set_side_by_side() -> None:
    """Arabic letters join, Devanagari's conjuncts fuse: the width of the word is not that of its letters."""
    for text, script in (("لله", Script.ARABIC), ("क्ष", Script.DEVANAGARI)):
        face = face_for(script, "")
        assert face is not None
        font = font_of(face, SIZE_PX)
        assert font.getlength(text) < 0.9 * sum(font.getlength(char) for char in text)
    assert ink("سلام", Script.ARABIC, "rtl") == ink("سلام", Script.ARABIC, "rtl") != ink("مالس", Script.ARABIC, "rtl")


def test_each_script_has_its_face_and_punctuation_goes_with_it() -> None:
    arabic, hebrew = face_for(Script.ARABIC, ""), face_for(Script.HEBREW, "")
    assert [face for _, face in faces_of("Größe", "")] == [european()]
    assert [(text, face) for text, face in faces_of("(مرحبا)!", "")][0][1] in (arabic, european())
    assert {face for _, face in faces_of("שלוםabc", "")} == {hebrew, european()}
    assert "".join(text for text, _ in faces_of("שלום-abc،مرحبا", "")) == "שלום-abc،مرحبا"


def test_joiners_are_kept_where_they_spell_and_dropped_elsewhere() -> None:
    assert drawable("می‌روم") == "می‌روم"
    assert drawable("क्‍ष") == "क्‍ष"
    assert drawable("a\u200db") == "ab"


def test_the_forms_of_han_follow_the_language() -> None:
    assert [han_form(Script.HAN, tag) for tag in ("ja", "cmn", "zh-TW", "yue", "ko", "")] == [
        "JP",
        "SC",
        "TC",
        "TC",
        "KR",
        "SC",
    ]
    assert han_form(Script.KANA, "cmn") == "JP"


def test_shipped_fonts_need_no_name_in_what_a_clip_depends_on() -> None:
    assert found_fonts(["Hello", "مرحبا", "שלום", "नमस्ते", "สวัสดี"], "") == {}


def test_a_script_without_a_font_is_named_with_what_to_install() -> None:
    missing = missing_glyphs(["漢"])
    assert re.search(r"漢 .*For Han install the extra `sceneworks\[cjk\]`", missing.message)
    assert missing.details["characters"] == ["漢"]


@pytest.mark.skipif(face_for(Script.HAN, "") is None, reason="this machine has no font for Han")
def test_a_font_that_was_found_is_part_of_what_a_clip_depends_on() -> None:
    assert set(found_fonts(["漢字 Hello"], "ja")) == {"Han"}
    assert drawable("「漢字」") == "「漢字」"
