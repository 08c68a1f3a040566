"""A brand kit as requests carry it and answers show it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.api.caption_request import Font
from app.api.lines import one_line
from app.api.strict import Strict
from app.api.template_schema import Hex, all_defaults
from app.domain.look import Brand
from app.domain.typeface import Typeface


class BrandColours(Strict):
    """In the place of the template's own three; null leaves one as it is."""

    ground: Hex | None = Field(None, description="Behind words: cards and panels.")
    text: Hex | None = Field(None, description="Of words on the ground.")
    accent: Hex | None = Field(None, description="Of what is to catch the eye.")


class BrandKitObject(Strict):
    """What takes the place of a template's own; null leaves it as it is."""

    name: str | None = Field(None, max_length=80, description="What `{brand}` on a title card stands for.")
    colours: BrandColours = Field(default_factory=all_defaults(BrandColours), description="The brand's.")
    font: Font | None = Field(None, description="Of captions and titles.")
    logo: Annotated[str, Field(max_length=64)] | None = Field(
        None,
        description="An uploaded picture of at most 4 million pixels, best a PNG with transparency.",
        examples=["ast_0m3v9k2q8x7y1z4w"],
    )

    def to_brand(self) -> Brand:
        """InvalidInput for a name that is no line of text."""
        font = None if self.font is None else Typeface(self.font)
        return Brand(one_line("name", self.name), **dict(self.colours), font=font, logo=self.logo)
