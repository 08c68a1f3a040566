"""Caption styles: which can be read, and what of them is kept."""

from __future__ import annotations

import pytest

from app.domain.caption_style import (
    CaptionBox,
    CaptionPosition,
    CaptionStyle,
    check_style,
    contrast,
    differences,
    parse_colour,
)
from app.domain.errors import InvalidInput


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert contrast((9, 9, 9), (9, 9, 9)) == 1


@pytest.mark.parametrize(
    ("style", "field"),
    [
        (CaptionStyle(colour="#222222"), "captions.colour"),
        (CaptionStyle(outline_colour="#FFFFFF"), "captions.colour"),
        (CaptionStyle(highlight_colour="#101080"), "captions.highlight_colour"),
        (CaptionStyle(box=CaptionBox("#FFFFFF", 1.0)), "captions.colour"),
        # White on a thin black box is lost over a white picture.
        (CaptionStyle(box=CaptionBox("#000000", 0.4)), "captions.colour"),
    ],
)
def test_letters_that_cannot_be_read_are_refused_by_name(style: CaptionStyle, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_style(style, highlights=True)
    assert refused.value.field == field


def test_a_highlight_that_is_never_shown_is_not_judged() -> None:
    check_style(CaptionStyle(highlight_colour="#000000"), highlights=False)


def test_good_looks_pass() -> None:
    check_style(CaptionStyle(), highlights=True)
    check_style(CaptionStyle(box=CaptionBox()), highlights=True)
    dark_on_light = CaptionStyle(colour="#101820", highlight_colour="#B00020", box=CaptionBox("#FFFFFF", 0.85))
    check_style(dark_on_light, highlights=True)


def test_a_style_comes_back_from_its_differences() -> None:
    style = CaptionStyle(colour="#FFE600", position=CaptionPosition.TOP, box=CaptionBox("#400040", 0.9))
    assert CaptionStyle.from_json(differences(style, highlights=True)) == style
    assert differences(CaptionStyle(), highlights=True) == {}


def test_an_outline_that_a_box_hides_makes_no_difference() -> None:
    boxed = CaptionStyle(box=CaptionBox())
    assert differences(boxed, highlights=True) == {"box": {"colour": "#000000", "opacity": 0.75}}
    hidden = CaptionStyle(box=CaptionBox(), outline_colour="#5B0A91")
    assert differences(hidden, highlights=True) == differences(boxed, highlights=True)


@pytest.mark.parametrize("wrong", ["", "red", "#FFF", "#GGGGGG", "#１２３４５６", "#000000\n", "000000"])
def test_a_colour_is_six_digits_after_a_hash(wrong: str) -> None:
    with pytest.raises(ValueError, match="#FFC828"):
        parse_colour(wrong)
    assert parse_colour("#ffc828") == "#FFC828"
