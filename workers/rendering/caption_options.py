"""The options that say how captions look."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Self

from app.client import CaptionBox, Captions
from app.domain import caption_style
from app.domain.caption_style import CaptionPosition, CaptionSize, CaptionStyle, check_style, parse_colour
from app.domain.errors import InvalidInput
from app.domain.typeface import Typeface
from app.domain.video import CaptionMode
from workers.rendering.failures import wrong_input

# The fields of a request that are these options.
OPTIONS = {
    "captions.colour": "--caption-colour",
    "captions.highlight_colour": "--caption-highlight",
    "captions.outline_colour": "--caption-outline",
}


@dataclass(frozen=True)
class CaptionOptions:
    """Colours are as they were written: with or without `#`, which begins a comment in a shell."""

    captions: str | None
    caption_size: str | None
    caption_position: str | None
    caption_colour: str | None
    caption_highlight: str | None
    caption_outline: str | None
    caption_box: str | None
    caption_uppercase: bool
    caption_font: str | None

    @classmethod
    def taken_from(cls, parsed: dict[str, object]) -> Self:
        """Takes its own out of `parsed`."""
        return cls(**{name: parsed.pop(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]

    def to_request(self, *, over_template: bool = False) -> str | Captions | None:
        """What goes to the farm; RenderFailed for a look that cannot be read. A mode alone stays a mode alone.

        Over a template only the farm knows what the letters will stand on.
        """
        look = Captions(
            mode=self.captions,
            size=self.caption_size,
            colour=_colour("--caption-colour", self.caption_colour),
            highlight_colour=_colour("--caption-highlight", self.caption_highlight),
            outline_colour=_colour("--caption-outline", self.caption_outline),
            position=self.caption_position,
            uppercase=self.caption_uppercase or None,
            box=_box(self.caption_box),
            font=self.caption_font,
        )
        if look == Captions(mode=self.captions):
            return self.captions
        if not over_template:
            _check(look)
        return look


def add_caption_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--captions",
        choices=[mode.value for mode in CaptionMode],
        help="mark the spoken word, show plain lines, or none in the picture (default: word)",
    )
    group.add_argument(
        "--caption-size", choices=[size.value for size in CaptionSize], help="of the letters (default: medium)"
    )
    group.add_argument(
        "--caption-position",
        choices=[place.value for place in CaptionPosition],
        help="where they stand (default: bottom)",
    )
    group.add_argument(
        "--caption-font", choices=[font.value for font in Typeface], help="of European letters (default: inter)"
    )
    group.add_argument("--caption-colour", metavar="RRGGBB", help="of the letters (default: FFFFFF, white)")
    group.add_argument("--caption-highlight", metavar="RRGGBB", help="of the spoken word (default: FFC828, amber)")
    group.add_argument("--caption-outline", metavar="RRGGBB", help="around the letters (default: 000000, black)")
    group.add_argument(
        "--caption-box",
        metavar="RRGGBB[:OPACITY]",
        help="a filled box instead of the outline, such as 101820:0.8 (opacity 0.4 to 1; default: 0.75)",
    )
    group.add_argument(
        "--caption-uppercase", action="store_true", help="in capitals; the subtitle files stay as written"
    )


def _check(look: Captions) -> None:
    """The farm's own rules, told with the options' names."""
    if look.box is not None and look.outline_colour is not None:
        raise wrong_input("--caption-box takes the place of the outline: give it or --caption-outline.", "USAGE")
    default = CaptionStyle()
    style = CaptionStyle(
        colour=look.colour or default.colour,
        highlight_colour=look.highlight_colour or default.highlight_colour,
        outline_colour=look.outline_colour or default.outline_colour,
        box=None if look.box is None else caption_style.CaptionBox(look.box.colour or "", look.box.opacity or 0.0),
    )
    if look.mode == CaptionMode.OFF:
        return
    try:
        check_style(style, highlights=look.mode != CaptionMode.LINE)
    except InvalidInput as error:
        raise wrong_input(f"{OPTIONS[error.field]}: {error.message}") from None


def _colour(option: str, written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return parse_colour("#" + written.removeprefix("#"))
    except ValueError:
        raise wrong_input(f"{option} {written}: must be a colour such as FFC828.") from None


def _box(written: str | None) -> CaptionBox | None:
    if written is None:
        return None
    colour, _, opacity = written.partition(":")
    try:
        share = float(opacity) if opacity else caption_style.CaptionBox.opacity
    except ValueError:
        share = 0.0
    if not caption_style.LEAST_BOX_OPACITY <= share <= 1:
        raise wrong_input(f"--caption-box {written}: the opacity must be from {caption_style.LEAST_BOX_OPACITY} to 1.")
    return CaptionBox(_colour("--caption-box", colour), share)
