"""What else comes of one job beside its video: other sizes, a preview, a teaser, the sound alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from app.domain.errors import InvalidInput

MAX_SIZES = 4
PREVIEW_SIDE_PX = 360
# Its frames are all held at once while the colours are chosen: about 160 MB at these bounds.
TEASER_LEAST_S, TEASER_MOST_S = 1.0, 6.0
TEASER_LEAST_WIDTH_PX, TEASER_MOST_WIDTH_PX = 64, 480
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


class TeaserFormat(StrEnum):
    GIF = "gif"  # plays everywhere; 256 colours
    WEBP = "webp"  # all colours, at a fraction of the bytes


@dataclass(frozen=True)
class Teaser:
    """A piece of the video that plays in a loop, in seconds of it. `width_px` is at most the video's own."""

    formats: tuple[TeaserFormat, ...] = (TeaserFormat.GIF,)
    start_s: float = 0.0
    duration_s: float = 4.0
    width_px: int = 320

    def frame(self, video: Frame) -> Frame:
        """Its size: both sides even, in the video's shape."""
        width_px = min(self.width_px, video.width_px) // 2 * 2
        return Frame(width_px, max(2, _even(width_px * video.height_px / video.width_px)))


class AudioFormat(StrEnum):
    M4A = "m4a"  # the very sound of the video, AAC
    MP3 = "mp3"  # made anew from it, for players that know nothing else


@dataclass(frozen=True)
class Variants:
    """`sizes` are those of further videos, each unlike the video's own and unlike each other. `preview`: all of it,
    small, before anything else.
    """

    sizes: tuple[Frame, ...] = ()
    preview: bool = False
    teaser: Teaser | None = None
    audio: tuple[AudioFormat, ...] = ()

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
        teaser = value.get("teaser")
        if teaser is not None:
            teaser = Teaser(**{**teaser, "formats": tuple(map(TeaserFormat, teaser["formats"]))})
        return cls(
            sizes=tuple(Frame(**frame) for frame in value["sizes"]),
            preview=value.get("preview", False),
            teaser=teaser,
            audio=tuple(map(AudioFormat, value.get("audio", ()))),
        )


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
