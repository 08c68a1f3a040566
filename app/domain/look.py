"""A template made ready to draw: a brand's colours in it, and no colour by its name any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from app.domain.caption_style import CaptionPosition, CaptionStyle, rgb_of
from app.domain.shades import mixed
from app.domain.sources import Background
from app.domain.template import Card, Corner, Fonts, Logo, Template
from app.domain.timeline import Pace
from app.domain.typeface import Typeface

# What a card's line can name.
PLACES = ("title", "brand")
_PLACE = re.compile("{(" + "|".join(PLACES) + ")}")
# How much of the text's colour makes the other end of a card's gradient.
_SHADE = 0.1


@dataclass(frozen=True)
class Brand:
    """What an organisation's kit puts in the place of a template's own; None leaves that. `logo` is an asset id."""

    name: str | None = None
    ground: str | None = None
    text: str | None = None
    accent: str | None = None
    font: Typeface | None = None
    logo: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        if value is None:
            return None
        font = value.get("font")
        return cls(**{**value, "font": None if font is None else Typeface(font)})


# The look without a template, for a brand to be seen in.
PLAIN = Template("plain", caption_style=CaptionStyle(highlight_colour="accent"))


@dataclass(frozen=True)
class TitleCard:
    """A card as it is drawn: concrete colours and words."""

    lines: tuple[str, ...]
    background: Background
    text: str
    accent: str
    font: Typeface
    length_s: float


def branded(template: Template, brand: Brand) -> Template:
    """The template in the brand's colours and typeface, with its logo. `resolved` and `legible` must follow."""
    own = {name: colour for name in ("ground", "text", "accent") if (colour := getattr(brand, name)) is not None}
    fonts, style = template.fonts, template.caption_style
    if brand.font is not None:
        # A font that the caller asked for differs from the template's, and stays.
        is_templates = style.font == fonts.captions
        style = replace(style, font=brand.font if is_templates else style.font)
        fonts = Fonts(brand.font, brand.font)
    logo = template.logo if brand.logo is None else replace(template.logo or Logo(), asset=brand.logo)
    colours = replace(template.colours, **own)
    found = replace(template, colours=colours, fonts=fonts, caption_style=style, logo=logo)
    if brand.ground is None:
        return found
    # The far end of a card's gradient is a shade of the template's ground. It must not be left beside another's.
    shade = mixed(rgb_of(colours.ground), rgb_of(colours.text), _SHADE)

    def regrounded(card: Card | None) -> Card | None:
        if card is None:
            return None
        ground, to = (shade if (end or "").startswith("#") else end for end in (card.ground, card.to))
        return replace(card, ground=ground or card.ground, to=to)

    return replace(found, intro=regrounded(found.intro), outro=regrounded(found.outro))


def resolved(template: Template) -> Template:
    """The template with `#RRGGBB` wherever it named a colour."""
    palette = asdict(template.colours)

    def in_place(part: Any) -> Any:
        if part is None:
            return None
        named = {it.name: palette[name] for it in fields(part) if (name := _name_in(part, it.name)) in palette}
        return replace(part, **named)

    style = in_place(template.caption_style)
    return replace(
        template,
        caption_style=replace(style, box=in_place(style.box)),
        transition=in_place(template.transition),
        intro=in_place(template.intro),
        outro=in_place(template.outro),
        lower_third=in_place(template.lower_third),
    )


def _name_in(part: Any, field: str) -> str | None:
    """What may be a colour's name: enums are strings too, and one of a caption's sizes must not be taken for it."""
    value = getattr(part, field)
    return value if type(value) is str else None


def title_card(card: Card | None, template: Template, *, title: str | None, brand: str | None) -> TitleCard | None:
    """The card with its words in place; None where it would have nothing to say."""
    if card is None:
        return None
    words = {"title": title, "brand": brand}
    lines = tuple(filter(None, (_filled(line, words) for line in card.lines)))
    if not lines:
        return None
    background = Background(card.ground, card.to)
    return TitleCard(lines, background, card.text, card.accent, template.fonts.written_titles, card.length_s)


def pace_of(template: Template | None, intro: TitleCard | None, outro: TitleCard | None) -> Pace:
    """How the template times its video."""
    if template is None:
        return Pace()
    return Pace(
        fade_s=template.transition.tail_s,
        intro_s=0.0 if intro is None else intro.length_s,
        outro_s=0.0 if outro is None else outro.length_s,
    )


def corner_for(corner: Corner, captions: CaptionPosition | None, *, has_lower_thirds: bool) -> Corner:
    """Where the logo goes: to the edge of the frame where neither captions (None: there are none) nor titles stand.

    Captions at the top and titles at the bottom leave it none. Then it stands at the bottom, and the titles above it.
    """
    if captions == CaptionPosition.TOP:
        edge = "bottom"
    elif captions == CaptionPosition.BOTTOM or has_lower_thirds:
        edge = "top"
    else:
        return corner
    return Corner(f"{edge}-{'left' if corner.is_left else 'right'}")


def _filled(line: str, words: Mapping[str, str | None]) -> str | None:
    """The line with its words; None when one of them is missing."""
    if any(words[name] is None for name in _PLACE.findall(line)):
        return None
    return " ".join(_PLACE.sub(lambda place: words[place[1]] or "", line).split()) or None
