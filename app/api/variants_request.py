"""The field `variants` of a request: what else is to come of the job."""

from __future__ import annotations

from pydantic import Field

from app.api.strict import Strict
from app.domain.errors import InvalidInput
from app.domain.variants import MAX_SIZES, Frame, Variants, check_sizes
from app.domain.video import parse_size


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

    def to_variants(self, own: Frame) -> Variants | None:
        """None when nothing is asked for; `own` is the video's size. InvalidInput names the entry that cannot be."""
        sizes = tuple(_frame(size, f"variants.sizes.{index}") for index, size in enumerate(self.sizes))
        check_sizes(sizes, own)
        variants = Variants(sizes=sizes, preview=self.preview)
        return None if variants.is_empty else variants


def _frame(size: str, field: str) -> Frame:
    try:
        return Frame(*parse_size(size))
    except InvalidInput as error:
        raise InvalidInput(field, error.message) from None
