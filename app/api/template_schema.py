"""A template as requests carry it and answers show it. `app/domain/template.py` says what each part means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.caption_request import Font
from app.api.strict import Strict
from app.domain.caption_style import LEAST_BOX_OPACITY, CaptionBox, CaptionStyle, parse_colour
from app.domain.legible import check_template
from app.domain.look import PLACES, resolved
from app.domain.template import (
    LEAST_CARD_S,
    LEAST_LOGO,
    LEAST_LOWER_THIRD_S,
    LEAST_TRANSITION_S,
    LEAST_ZOOM,
    MOST_CARD_S,
    MOST_LOGO,
    MOST_LOWER_THIRD_S,
    MOST_TRANSITION_S,
    MOST_ZOOM,
    Card,
    Logo,
    LowerThird,
    Motion,
    Palette,
    Template,
    Transition,
)
from app.templates import load_template, template_names

M = TypeVar("M", bound=Strict)

PALETTE_NAMES = ("ground", "text", "accent")


def _line(value: str) -> str:
    # What looks like a place is meant as one: a typing mistake must not be aired.
    for place in re.findall(r"\{([^{}]*)\}", value):
        if place not in PLACES:
            raise PydanticCustomError(
                "place",
                "There is no {place}: a line can name {places}.",
                {"place": f"{{{place}}}", "places": " and ".join(f"{{{name}}}" for name in PLACES)},
            )
    return value


def all_defaults(model: type[M]) -> Callable[[], M]:
    return lambda: model.model_validate({})


def _colour(value: str) -> str:
    try:
        return parse_colour(value)
    except ValueError as error:
        raise PydanticCustomError("colour", "{reason}", {"reason": str(error)}) from None


def _colour_or_name(value: str) -> str:
    if value in PALETTE_NAMES:
        return value
    try:
        return parse_colour(value)
    except ValueError:
        raise PydanticCustomError(
            "colour", "Must be a colour such as #FFC828, or one of the template's own: ground, text, accent."
        ) from None


Hex = Annotated[
    str, AfterValidator(_colour), WithJsonSchema({"type": "string", "pattern": "^#[0-9A-Fa-f]{6}$"}, mode="validation")
]
Colour = Annotated[
    str,
    AfterValidator(_colour_or_name),
    WithJsonSchema({"type": "string", "pattern": "^(#[0-9A-Fa-f]{6}|ground|text|accent)$"}, mode="validation"),
]


class TemplateColours(Strict):
    """The template's own colours; every other field that takes one may name them."""

    ground: Hex = Field(Palette.ground, description="Behind words: cards and panels.")
    text: Hex = Field(Palette.text, description="Of words on the ground.")
    accent: Hex = Field(Palette.accent, description="Of what is to catch the eye.")


class TemplateFonts(Strict):
    """Where a font has no letters for a script, the script's own steps in."""

    captions: Font = Field("inter", description="Of the captions.")
    titles: Font | None = Field(
        None,
        description="Of cards, lower thirds and headings on painted pictures. Without one it is Inter, and on painted "
        "pictures what suits them.",
    )


class TemplateCaptionBox(Strict):
    colour: Colour = Field(CaptionBox.colour, description="Of the box.")
    opacity: float = Field(CaptionBox.opacity, ge=LEAST_BOX_OPACITY, le=1, description="1 hides the picture behind it.")


class TemplateCaptions(Strict):
    """As a video's `captions`; what a video says of its own takes the place of this."""

    mode: Literal["word", "line", "off"] = Field("word", description="The spoken word marked, plain lines, or nothing.")
    size: Literal["small", "medium", "large"] = Field("medium", description="Of the letters.")
    colour: Colour = Field(CaptionStyle.colour, description="Of the letters.")
    highlight_colour: Colour = Field(CaptionStyle.highlight_colour, description="Of the word being spoken.")
    outline_colour: Colour = Field(CaptionStyle.outline_colour, description="Around the letters, where no box is.")
    position: Literal["top", "middle", "bottom"] = Field("bottom", description="In the band that players leave free.")
    uppercase: bool = Field(False, description="In capitals, as the video's language has them.")
    box: TemplateCaptionBox | None = Field(None, description="A filled box in place of the outline.")


class TemplateMotion(Strict):
    """The camera over still pictures."""

    zoom: float = Field(
        Motion.zoom, ge=LEAST_ZOOM, le=MOST_ZOOM, description="How much closer it comes, a share of the picture."
    )
    moves: list[Literal["in", "out", "left", "right", "up", "down"]] = Field(
        default_factory=lambda: [move.value for move in Motion.moves],
        min_length=1,
        max_length=12,
        description="One for each scene in turn; `left` and the others go across the picture.",
    )


class TemplateTransition(Strict):
    """From one scene to the next."""

    kind: Literal["cut", "crossfade", "dip", "wipe", "slide"] = Field(
        "crossfade", description="`dip` goes through a colour; with `slide` the next picture pushes this one out."
    )
    length_s: float = Field(
        Transition.length_s, ge=LEAST_TRANSITION_S, le=MOST_TRANSITION_S, description="It never lies over speech."
    )
    direction: Literal["left", "right", "up", "down"] = Field("left", description="Where a wipe or slide moves to.")
    colour: Colour | None = Field(
        None, description="What a dip goes through (black by default), or the edge of a wipe (none by default)."
    )


class TemplateCard(Strict):
    """A title card before the first scene or after the last."""

    lines: list[Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_line)]] = Field(
        default_factory=lambda: list(Card.lines),
        min_length=1,
        max_length=3,
        description="The first the largest. `{title}` is the video's, `{brand}` the name of the brand kit; a line that "
        "names what there is not is left out, and a card without a line is not shown.",
    )
    length_s: float = Field(Card.length_s, ge=LEAST_CARD_S, le=MOST_CARD_S, description="With the transition.")
    ground: Colour = Field(Card.ground, description="Of the whole card, or of its upper edge.")
    to: Colour | None = Field(None, description="Of its lower edge, for a gradient.")
    text: Colour = Field(Card.text, description="Of the words.")
    accent: Colour = Field(Card.accent, description="Of the rule under the first line.")


class TemplateLogo(Strict):
    """A watermark over the scenes, shown on cards above the words. It keeps clear of captions at the same edge."""

    asset: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="An uploaded picture, best a PNG with transparency; without one the brand kit's, if any."
    )
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = Field(
        "top-right", description="Inside the band that apps and players leave free."
    )
    size: float = Field(Logo.size, ge=LEAST_LOGO, le=MOST_LOGO, description="A share of the frame's shorter side.")
    opacity: float = Field(Logo.opacity, ge=0.1, le=1, description="1 hides the picture behind it.")


class TemplateLowerThird(Strict):
    """A scene's title on a panel, above the captions."""

    length_s: float = Field(
        LowerThird.length_s, ge=LEAST_LOWER_THIRD_S, le=MOST_LOWER_THIRD_S, description="From the scene's beginning."
    )
    ground: Colour = Field(LowerThird.ground, description="Of the panel.")
    opacity: float = Field(LowerThird.opacity, ge=0.7, le=1, description="Of the panel.")
    text: Colour = Field(LowerThird.text, description="Of the title.")
    accent: Colour = Field(LowerThird.accent, description="Of the mark at its side.")


class TemplateObject(Strict):
    """The look of a video. Colours are `#RRGGBB`, or `ground`, `text` or `accent` for the template's own."""

    schema_version: Literal[1] = Field(1, description="Which fields there may be.")
    name: str = Field(
        min_length=1,
        max_length=40,
        pattern="^[a-z0-9][a-z0-9-]*$",
        description="Small letters, digits and dashes; it stands in the manifest.",
        examples=["our-news"],
    )
    version: int = Field(1, ge=1, le=1_000_000, description="Your own count of its revisions; in the manifest too.")
    description: str = Field("", max_length=200, description="For people.")
    colours: TemplateColours = Field(default_factory=all_defaults(TemplateColours), description="Its own colours.")
    fonts: TemplateFonts = Field(default_factory=all_defaults(TemplateFonts), description="Its typefaces.")
    captions: TemplateCaptions = Field(default_factory=all_defaults(TemplateCaptions), description="How captions look.")
    motion: TemplateMotion = Field(default_factory=all_defaults(TemplateMotion), description="How pictures move.")
    transition: TemplateTransition = Field(
        default_factory=all_defaults(TemplateTransition), description="Between scenes."
    )
    intro: TemplateCard | None = Field(None, description="Before the first scene.")
    outro: TemplateCard | None = Field(None, description="After the last scene.")
    logo: TemplateLogo | None = Field(None, description="A watermark.")
    lower_third: TemplateLowerThird | None = Field(None, description="Scenes' titles.")

    def to_template(self) -> Template:
        """InvalidInput, on a field below `template`, for words that nobody could read."""
        template = Template.from_json(self.model_dump())
        check_template(resolved(template))
        return template


def _by_name(value: Any) -> Any:
    """A name as the template that ships under it."""
    if not isinstance(value, str):
        return value
    try:
        return load_template(value)
    except KeyError:
        known = ", ".join(template_names())
        raise PydanticCustomError(
            "template", "There is no such template. There are {known}; or send a whole one.", {"known": known}
        ) from None


TemplateChoice = Annotated[TemplateObject, BeforeValidator(_by_name, json_schema_input_type=str | TemplateObject)]
