"""Which of a template's words can be read, and a brand's colours put into it so that all of them can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.domain.caption_style import (
    LEAST_CONTRAST,
    CaptionMode,
    CaptionStyle,
    Rgb,
    check_style,
    contrast,
    grounds_of,
    rgb_of,
)
from app.domain.errors import InvalidInput
from app.domain.shades import mixed, tint_apart, written
from app.domain.template import Card, LowerThird, Template

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
# Letters over pictures have any ground behind them. Whatever it is, the letters or their outline differ from it by the
# root of what they differ from each other by: at 7 to 1 that is 2.6 to 1.
OUTLINED_CONTRAST = 7.0
# The word being spoken stands in the middle of others that can be read, and for a moment.
SPOKEN_CONTRAST = 4.5
# What a colour that replaces an illegible one should reach, where white or black can.
GOOD_CONTRAST = 7.0
# Of the ground's colour in the black or white of words on it: they look printed on it and not pasted.
_TINT = 0.08
# A spoken word that is merely a darker shade of the others looks left out and not spoken.
LEAST_TINT_APART = 0.05
# A mark that could not be seen is mixed with white or black in steps of this size.
_STEP = 0.05


def check_template(template: Template) -> None:
    """InvalidInput, naming the field below `template`, for words that could not be read. The template is `resolved`."""
    try:
        if template.caption_mode != CaptionMode.OFF:
            check_style(template.caption_style, highlights=template.caption_mode == CaptionMode.WORD)
    except InvalidInput as error:
        raise InvalidInput(f"template.{error.field}", error.message) from None
    for name, part in _parts(template):
        for ground in _grounds(part):
            if (ratio := contrast(rgb_of(part.text), ground)) < LEAST_CONTRAST:
                raise InvalidInput(
                    f"template.{name}.text",
                    f"Cannot be read on its ground: the contrast is {ratio:.1f} to 1 and must be "
                    f"{LEAST_CONTRAST:g} to 1.",
                )


def legible(template: Template, own: Template) -> Template:
    """The branded template with other colours where words could not be read; both are `resolved`.

    `own` is the template before the brand. For a brand's colours, which nobody chose with this template in mind: a job
    must not fail over them. The rule of a card and the bar of a lower third must be seen too: WCAG asks the same of
    such marks as of large letters (1.4.11).
    """
    parts: dict[str, Any] = {
        name: replace(part, text=readable(part.text, behind), accent=visible(part.accent, behind))
        for name, part in _parts(template)
        for behind in [_grounds(part)]
    }
    style = template.caption_style
    if template.caption_mode != CaptionMode.OFF and style != own.caption_style:
        style = _boxed(style) if style.box is not None else _outlined(style, own.caption_style)
        if template.caption_mode == CaptionMode.WORD:
            style = replace(style, highlight_colour=_spoken(style, own.caption_style))
    return replace(template, caption_style=style, **parts)


def readable(colour: str, behind: Sequence[Rgb]) -> str:
    """The colour of words on all that may lie behind them: this one, or else a near black or white of the ground's hue.

    The least that can be read, a grey on yellow, is nobody's colour and hard to read.
    """
    if _worst(colour, behind) >= LEAST_CONTRAST:
        return colour
    end = _far_end(behind)
    tinted = mixed(end, behind[0], _TINT)
    return tinted if _worst(tinted, behind) >= GOOD_CONTRAST else written(end)


def visible(colour: str, behind: Sequence[Rgb]) -> str:
    """The colour of a mark next to `colour`, towards white or black, that can be told from all that may lie behind."""
    end = _far_end(behind)
    for step in range(round(1 / _STEP) + 1):
        found = mixed(rgb_of(colour), end, step * _STEP)
        if _worst(found, behind) >= LEAST_CONTRAST:
            break
    return found


def _boxed(style: CaptionStyle) -> CaptionStyle:
    return replace(style, colour=readable(style.colour, grounds_of(style)))


def _outlined(style: CaptionStyle, own: CaptionStyle) -> CaptionStyle:
    """As much of the brand as leaves light letters in a dark outline or dark ones in a light one."""
    for colour, outline in (
        (style.colour, style.outline_colour),
        (own.colour, style.outline_colour),
        (style.colour, own.outline_colour),
    ):
        if contrast(rgb_of(colour), rgb_of(outline)) >= OUTLINED_CONTRAST:
            return replace(style, colour=colour, outline_colour=outline)
    return replace(style, colour=own.colour, outline_colour=own.outline_colour)


def _spoken(style: CaptionStyle, own: CaptionStyle) -> str:
    """The brand's colour of the word being spoken, or the template's, if it can be read and stands out."""
    behind, least = grounds_of(style), LEAST_CONTRAST if style.box is not None else SPOKEN_CONTRAST
    for colour in (style.highlight_colour, own.highlight_colour):
        stands_out = tint_apart(rgb_of(colour), rgb_of(style.colour)) >= LEAST_TINT_APART
        if stands_out and _worst(colour, behind) >= least:
            return colour
    return style.colour


def _far_end(behind: Sequence[Rgb]) -> Rgb:
    """White or black: the one that differs more from what is behind."""
    return max(WHITE, BLACK, key=lambda end: min(contrast(end, ground) for ground in behind))


def _worst(colour: str, behind: Sequence[Rgb]) -> float:
    return min(contrast(rgb_of(colour), ground) for ground in behind)


def _parts(template: Template) -> list[tuple[str, Card | LowerThird]]:
    parts: list[tuple[str, Card | LowerThird | None]] = [
        ("intro", template.intro),
        ("outro", template.outro),
        ("lower_third", template.lower_third),
    ]
    return [(name, part) for name, part in parts if part is not None]


def _grounds(part: Card | LowerThird) -> list[Rgb]:
    if isinstance(part, Card):
        return [rgb_of(colour) for colour in (part.ground, part.to) if colour is not None]
    # Pictures are what they are: the panel is opaque enough that its own colour decides.
    return [rgb_of(part.ground)]
