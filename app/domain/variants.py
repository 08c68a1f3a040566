"""What else comes of one job beside its video: other sizes, and a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.domain.errors import InvalidInput

MAX_SIZES = 4
PREVIEW_SIDE_PX = 360
# Shapes nearer to each other than this share their pictures: what is cropped away is hardly seen.
SAME_SHAPE = 0.02


@dataclass(frozen=True)
class Frame:
    """The size of a picture, in pixels."""

    width_px: int
    height_px: int

    @property
    def name(self) -> str:
        return f"{self.width_px}x{self.height_px}"

    @property
    def pixels(self) -> int:
        return self.width_px * self.height_px

    def can_show(self, other: Frame) -> bool:
        """Whether a picture made for this frame serves the `other` as well: of its shape, and no smaller."""
        shapes = (self.width_px * other.height_px, other.width_px * self.height_px)
        return self.pixels >= other.pixels and max(shapes) <= min(shapes) * (1 + SAME_SHAPE)


@dataclass(frozen=True)
class Variants:
    """`sizes` are those of further videos, each unlike the video's own and unlike each other. `preview`: all of it,
    small, before anything else.
    """

    sizes: tuple[Frame, ...] = ()
    preview: bool = False

    @property
    def is_empty(self) -> bool:
        return self == Variants()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        """None for None: inputs of earlier versions know no variants."""
        if value is None:
            return None
        return cls(**{**value, "sizes": tuple(Frame(**frame) for frame in value["sizes"])})


def preview_frame(own: Frame) -> Frame:
    """The video's shape with a shorter side of PREVIEW_SIDE_PX; its own frame where that is no larger."""
    scale = PREVIEW_SIDE_PX / min(own.width_px, own.height_px)
    return own if scale >= 1 else Frame(_even(own.width_px * scale), _even(own.height_px * scale))


def _even(side_px: float) -> int:
    return round(side_px / 2) * 2


def check_sizes(sizes: Sequence[Frame], own: Frame) -> None:
    """InvalidInput, naming the entry, for a size that the job makes already."""
    for index, frame in enumerate(sizes):
        if frame == own:
            raise InvalidInput(f"variants.sizes.{index}", "This is the size of the video itself.")
        if frame in sizes[:index]:
            raise InvalidInput(f"variants.sizes.{index}", "This size is asked for twice.")
