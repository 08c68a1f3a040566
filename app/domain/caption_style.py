"""How burned-in captions look: size, colours, place, capitals and box; and which looks can be read.

Contrast is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), with its bound for large text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from app.domain.errors import InvalidInput
from app.domain.typeface import Typeface

LEAST_CONTRAST = 3.0
# Below it a box is a veil: no colour of letters is readable on it over every picture.
LEAST_BOX_OPACITY = 0.4

Rgb = tuple[int, int, int]

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


class CaptionMode(StrEnum):
    WORD = "word"  # the word being spoken is highlighted
    LINE = "line"  # plain lines
    OFF = "off"  # nothing is burned in; SRT and VTT are delivered all the same


class CaptionSize(StrEnum):
    SMALL = "small"  # three quarters of medium
    MEDIUM = "medium"  # 4.2 % of the height at 9:16, 5.2 % at 16:9: read at a glance, on a phone
    LARGE = "large"  # a third more than medium, and so fewer characters to a line

    @property
    def scale(self) -> float:
        """Of the medium size."""
        return {"small": 0.75, "medium": 1.0, "large": 4 / 3}[self.value]


class CaptionPosition(StrEnum):
    TOP = "top"  # below what apps and players lay over the upper edge
    MIDDLE = "middle"  # the centre of the frame
    BOTTOM = "bottom"  # above what they lay over the lower edge


@dataclass(frozen=True)
class CaptionBox:
    """A filled box behind the letters, in place of their outline and shadow. `opacity` is 0.4 to 1."""

    colour: str = "#000000"
    opacity: float = 0.75


@dataclass(frozen=True)
class CaptionStyle:
    """Colours are `#RRGGBB`. `highlight_colour` is that of the word being spoken."""

    size: CaptionSize = CaptionSize.MEDIUM
    colour: str = "#FFFFFF"
    highlight_colour: str = "#FFC828"
    outline_colour: str = "#000000"
    position: CaptionPosition = CaptionPosition.BOTTOM
    uppercase: bool = False
    box: CaptionBox | None = None
    font: Typeface = Typeface.INTER

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The style whose `differences` these are; fields that are left out have their default."""
        box = value.get("box")
        return cls(
            **{
                **value,
                "size": CaptionSize(value.get("size", cls.size)),
                "position": CaptionPosition(value.get("position", cls.position)),
                "box": None if box is None else CaptionBox(**box),
                "font": Typeface(value.get("font", cls.font)),
            }
        )


def differences(style: CaptionStyle, *, highlights: bool) -> dict[str, Any]:
    """What sets `style` apart from the default in what a viewer sees, as JSON. Equal looks give equal differences.

    Without highlights their colour is never seen, nor is the outline's behind a box.
    """
    unseen = {"highlight_colour"} if not highlights else set()
    if style.box is not None:
        unseen.add("outline_colour")
    default = CaptionStyle()
    seen = {
        field.name: value
        for field in fields(style)
        if field.name not in unseen and (value := getattr(style, field.name)) != getattr(default, field.name)
    }
    return seen if style.box is None else {**seen, "box": asdict(style.box)}


def parse_colour(colour: str) -> str:
    """`colour` in the one form that is stored, #RRGGBB in capitals; ValueError when it is none."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError("Must be a colour such as #FFC828.")
    return colour.upper()


def rgb_of(colour: str) -> Rgb:
    """0 to 255 each."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def check_style(style: CaptionStyle, *, highlights: bool) -> None:
    """InvalidInput, naming the field below `captions`, for letters that could not be read.

    Letters are read against their outline, or against the box as it looks over the picture that suits them least.
    """
    lettering = {"colour": style.colour}
    if highlights:
        lettering["highlight_colour"] = style.highlight_colour
    for field, colour in lettering.items():
        ratio = min(contrast(rgb_of(colour), ground) for ground in grounds_of(style))
        if ratio < LEAST_CONTRAST:
            against = "the outline" if style.box is None else "the box over any picture"
            is_thin = style.box is not None and contrast(rgb_of(colour), rgb_of(style.box.colour)) >= LEAST_CONTRAST
            more = ", or make the box more opaque" if is_thin else ""
            raise InvalidInput(
                f"captions.{field}",
                f"Cannot be read against {against}: the contrast is {ratio:.1f} to 1 and must be "
                f"{LEAST_CONTRAST:g} to 1. Take a lighter or darker colour for one of them{more}.",
                contrast=round(ratio, 2),
            )


def contrast(one: Rgb, other: Rgb) -> float:
    """1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def grounds_of(style: CaptionStyle) -> list[Rgb]:
    """What the letters may stand on: their outline, or the box over black and over white pictures."""
    if style.box is None:
        return [rgb_of(style.outline_colour)]
    red, green, blue = rgb_of(style.box.colour)
    opacity = style.box.opacity

    def over(picture: int) -> Rgb:
        red_green_blue = (round(part * opacity + picture * (1 - opacity)) for part in (red, green, blue))
        return next(red_green_blue), next(red_green_blue), next(red_green_blue)

    return [over(0), over(255)]


def linear(rgb: Rgb) -> tuple[float, float, float]:
    """Red, green and blue light, 0 to 1 each."""
    shares = (part / 255 for part in rgb)
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4) for share in shares
    )
    return red, green, blue


def _luminance(rgb: Rgb) -> float:
    """Relative luminance, 0 to 1."""
    red, green, blue = linear(rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
