"""The field `variants` of a request: what else is to come of the job."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.api.strict import Strict
from app.domain.errors import InvalidInput
from app.domain.variants import (
    MAX_SIZES,
    TEASER_LEAST_S,
    TEASER_LEAST_WIDTH_PX,
    TEASER_MOST_S,
    TEASER_MOST_WIDTH_PX,
    AudioFormat,
    Frame,
    Teaser,
    TeaserFormat,
    Variants,
    check_sizes,
)
from app.domain.video import parse_size

Format = Literal["gif", "webp"]
AudioKind = Literal["m4a", "mp3"]


def _gif() -> list[Format]:
    return ["gif"]


class TeaserRequest(Strict):
    """A few seconds of the video that play in a loop, without sound: for a mail, a feed, a page that lists videos."""

    formats: list[Format] = Field(
        default_factory=_gif,
        min_length=1,
        max_length=2,
        description="GIF plays everywhere, WebP is a fraction of its size: `teaser.gif`, `teaser.webp`.",
        json_schema_extra={"default": ["gif"]},
    )
    start_s: float = Field(
        Teaser.start_s, ge=0, description="Where it begins, in seconds of the video; earlier where that is too short."
    )
    duration_s: float = Field(Teaser.duration_s, ge=TEASER_LEAST_S, le=TEASER_MOST_S, description="How long it lasts.")
    width_px: int = Field(
        Teaser.width_px,
        ge=TEASER_LEAST_WIDTH_PX,
        le=TEASER_MOST_WIDTH_PX,
        description="At most the video's own, and made even.",
    )

    def to_teaser(self) -> Teaser:
        formats = tuple(dict.fromkeys(map(TeaserFormat, self.formats)))
        return Teaser(formats, float(self.start_s), float(self.duration_s), self.width_px)


class VariantsRequest(Strict):
    """What is made beside the video, from the same script, narration and sound. Each can be fetched as soon as it is
    ready, while the job goes on.
    """

    sizes: list[str] = Field(
        default_factory=list,
        max_length=MAX_SIZES,
        description="Further sizes, written as `size` is: `video-1920x1080.mp4` and `poster-1920x1080.jpg` for each. "
        "Captions and pictures are set anew for the shape; the subtitle files are the same.",
        examples=[["16:9", "1080x1080"]],
    )

    preview: bool = Field(
        False,
        description="The whole video, 360 pixels on its shorter side, before everything else: `preview.mp4`.",
    )

    teaser: TeaserRequest | None = Field(None, description="A few seconds that play in a loop; `{}` is a GIF of four.")

    audio: list[AudioKind] = Field(
        default_factory=list,
        max_length=2,
        description="The sound alone: `audio.m4a` is that of the video, `audio.mp3` made from it. -14 LUFS both.",
    )

    def to_variants(self, own: Frame) -> Variants | None:
        """None when nothing is asked for; `own` is the video's size. InvalidInput names the entry that cannot be."""
        sizes = tuple(_frame(size, f"variants.sizes.{index}") for index, size in enumerate(self.sizes))
        check_sizes(sizes, own)
        variants = Variants(
            sizes=sizes,
            preview=self.preview,
            teaser=None if self.teaser is None else self.teaser.to_teaser(),
            audio=tuple(dict.fromkeys(map(AudioFormat, self.audio))),
        )
        return None if variants.is_empty else variants


def _frame(size: str, field: str) -> Frame:
    try:
        return Frame(*parse_size(size))
    except InvalidInput as error:
        raise InvalidInput(field, error.message) from None
