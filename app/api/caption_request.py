"""The field `captions` of a request: a mode alone, or a mode with a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.strict import Strict
from app.domain.caption_style import (
    LEAST_BOX_OPACITY,
    CaptionBox,
    CaptionPosition,
    CaptionSize,
    CaptionStyle,
    check_style,
    parse_colour,
)
from app.domain.errors import InvalidInput
from app.domain.look import resolved
from app.domain.template import Template
from app.domain.typeface import Typeface
from app.domain.video import CaptionMode

Mode = Literal["word", "line", "off"]
Font = Literal["inter", "manrope", "fraunces", "sofia-condensed"]


def _colour(value: str) -> str:
    try:
        return parse_colour(value)
    except ValueError as error:
        raise PydanticCustomError("colour", "{reason}", {"reason": str(error)}) from None


Colour = Annotated[
    str, AfterValidator(_colour), WithJsonSchema({"type": "string", "pattern": "^#[0-9A-Fa-f]{6}$"}, mode="validation")
]


class CaptionBoxRequest(Strict):
    """A filled box behind the letters, in place of their outline and shadow."""

    colour: Colour = Field(CaptionBox.colour, description="`#RRGGBB`.")
    opacity: float = Field(CaptionBox.opacity, ge=LEAST_BOX_OPACITY, le=1, description="1 hides the picture behind it.")


class CaptionsRequest(Strict):
    """How captions are burned in. Colours are `#RRGGBB`; letters that could not be read are refused."""

    mode: Mode = Field(
        "word",
        description="The word being spoken highlighted, plain lines, or nothing.",
    )
    size: Literal["small", "medium", "large"] = Field(
        "medium", description="Small is three quarters of medium, large four thirds, with fewer characters to a line."
    )
    colour: Colour = Field(CaptionStyle.colour, description="Of the letters.")
    highlight_colour: Colour = Field(CaptionStyle.highlight_colour, description="Of the word being spoken.")
    outline_colour: Colour | None = Field(
        None, description="Around the letters; black by default. Behind a box there is none."
    )
    position: Literal["top", "middle", "bottom"] = Field(
        "bottom", description="Inside the band that apps and players leave free."
    )
    uppercase: bool = Field(
        False, description="In capitals, as the video's language has them. SRT and VTT stay as written."
    )
    box: CaptionBoxRequest | None = Field(None, description="A filled box; `{}` is a black one, null is none.")
    font: Font = Field("inter", description="Of the letters that it has; those of other scripts have their own.")

    def to_style(self) -> CaptionStyle:
        """InvalidInput for letters that could not be read, and for an outline behind a box."""
        style = self._style()
        if self.mode != "off":
            check_style(style, highlights=self.mode == "word")
        return style

    def over(self, template: Template) -> Template:
        """The template with what this request says of its own; InvalidInput as for `to_style`."""
        given = self.model_fields_set - {"mode"}
        own = {name: value for name, value in vars(self._style()).items() if name in given}
        if self.outline_colour is not None:
            own["box"] = None
        dressed = replace(template, caption_style=replace(template.caption_style, **own))
        if "mode" in self.model_fields_set:
            dressed = replace(dressed, caption_mode=CaptionMode(self.mode))
        if dressed != template and dressed.caption_mode != CaptionMode.OFF:
            check_style(resolved(dressed).caption_style, highlights=dressed.caption_mode == CaptionMode.WORD)
        return dressed

    def _style(self) -> CaptionStyle:
        if self.box is not None and self.outline_colour is not None:
            raise InvalidInput("captions.outline_colour", "A box takes the place of the outline: give one of the two.")
        return CaptionStyle(
            size=CaptionSize(self.size),
            colour=self.colour,
            highlight_colour=self.highlight_colour,
            outline_colour=self.outline_colour or CaptionStyle.outline_colour,
            position=CaptionPosition(self.position),
            uppercase=self.uppercase,
            box=None if self.box is None else CaptionBox(self.box.colour, float(self.box.opacity)),
            font=Typeface(self.font),
        )


def _mode_alone(value: Any) -> Any:
    if isinstance(value, str) and value in list(CaptionMode):
        return {"mode": value}
    if isinstance(value, dict | CaptionsRequest):
        return value
    raise PydanticCustomError("captions", "Must be 'word', 'line' or 'off', or an object with one of them as its mode.")


def default_captions() -> CaptionsRequest:
    return CaptionsRequest.model_validate({})


Captions = Annotated[CaptionsRequest, BeforeValidator(_mode_alone, json_schema_input_type=Mode | CaptionsRequest)]
