"""What the options of scripts/render ask of the farm's captions."""

from __future__ import annotations

import pytest

from app.client import CaptionBox, Captions, VideoRequest
from workers.rendering.failures import Exit, RenderFailed
from workers.rendering.options import parse_options


def asked(*options: str) -> str | Captions | None:
    return parse_options(["story.md", *options]).captions.to_request()


def test_a_mode_alone_is_sent_as_every_farm_knows_it() -> None:
    assert asked() is None
    assert asked("--captions", "line") == "line"


def test_a_look_is_sent_with_what_was_said_and_nothing_else() -> None:
    look = asked("--caption-size", "large", "--caption-colour", "ffe600", "--caption-outline=#5b0a91")
    assert look == Captions(size="large", colour="#FFE600", outline_colour="#5B0A91")
    body = VideoRequest(text="Hello.", captions=look).to_json()
    assert body == {
        "text": "Hello.",
        "captions": {"size": "large", "colour": "#FFE600", "outline_colour": "#5B0A91"},
    }


def test_a_box_has_an_opacity_of_its_own_or_the_usual_one() -> None:
    assert asked("--caption-box", "000000") == Captions(box=CaptionBox("#000000", 0.75))
    look = asked("--caption-box", "101820:0.9", "--captions", "line", "--caption-uppercase")
    assert look == Captions(mode="line", uppercase=True, box=CaptionBox("#101820", 0.9))
    body = VideoRequest(text="Hello.", captions=look).to_json()
    assert body["captions"] == {"mode": "line", "uppercase": True, "box": {"colour": "#101820", "opacity": 0.9}}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--caption-colour", "red"], "--caption-colour red"),
        (["--caption-highlight", "000000"], "--caption-highlight"),
        (["--caption-colour", "FFFFFF", "--caption-outline", "EEEEEE"], "--caption-colour"),
        (["--caption-box", "000000:0.1"], "--caption-box 000000:0.1"),
        (["--caption-box", "000000:thick"], "--caption-box 000000:thick"),
        (["--caption-box", "000000", "--caption-outline", "101010"], "--caption-box"),
    ],
)
def test_what_cannot_be_meant_or_read_is_refused_by_the_options_name(options: list[str], named: str) -> None:
    with pytest.raises(RenderFailed) as refused:
        asked(*options)
    assert refused.value.exit_code == Exit.USAGE
    assert named in refused.value.message


def test_colours_that_are_never_shown_are_not_judged() -> None:
    assert asked("--captions", "line", "--caption-highlight", "000000") is not None
    assert asked("--captions", "off", "--caption-colour", "000000") is not None
