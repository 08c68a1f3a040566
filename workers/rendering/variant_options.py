"""The options that ask for more than the video: what goes to the farm for them, and where it is saved."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.client import Teaser, Variants
from app.domain.errors import InvalidInput
from app.domain.variants import MAX_SIZES, AudioFormat, Frame, TeaserFormat, check_sizes
from app.domain.video import parse_size
from workers.rendering.failures import wrong_input

PREVIEW = "preview.mp4"


@dataclass(frozen=True)
class VariantOptions:
    """`also` are sizes as they were written, `teaser` and `audio` the formats of each."""

    also: list[str]
    preview: bool
    teaser: list[str]
    audio: list[str]

    @classmethod
    def taken_from(cls, parsed: dict[str, object]) -> Self:
        """Takes its own out of `parsed`."""
        return cls(**{name: parsed.pop(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]

    def check(self, size: str) -> None:
        """RenderFailed for what the farm would refuse, told with the option's name; `size` is the video's own."""
        if len(self.also) > MAX_SIZES:
            raise wrong_input(f"--also may be given {MAX_SIZES} times at most.", "USAGE")
        frames: list[Frame] = []
        for written in self.also:
            try:
                frames.append(Frame(*parse_size(written)))
                check_sizes(frames, Frame(*parse_size(size)))
            except InvalidInput as error:
                raise wrong_input(f"--also {written}: {error.message}") from None

    def to_request(self) -> Variants | None:
        teaser = Teaser(formats=tuple(dict.fromkeys(self.teaser))) if self.teaser else None
        asked = Variants(
            sizes=tuple(self.also) or None,
            preview=self.preview or None,
            teaser=teaser,
            audio=tuple(dict.fromkeys(self.audio)) or None,
        )
        return None if asked == Variants() else asked

    def outputs(self, video: Path) -> dict[str, Path]:
        """Beside the video, under its name and what sets it apart: `out-1920x1080.mp4` beside `out.mp4`."""
        names = [Frame(*parse_size(size)).name for size in self.also]
        beside = {f"video-{name}.mp4": video.with_stem(f"{video.stem}-{name}") for name in names}
        beside |= {f"poster-{name}.jpg": video.with_name(f"{video.stem}-{name}.jpg") for name in names}
        beside |= {f"teaser.{format}": video.with_suffix(f".{format}") for format in self.teaser}
        beside |= {f"audio.{format}": video.with_suffix(f".{format}") for format in self.audio}
        return beside | ({PREVIEW: video.with_stem(f"{video.stem}-preview")} if self.preview else {})


def add_variant_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--preview", action="store_true", help="first of all the video at 360p, as out-preview.mp4; the rest goes on"
    )
    group.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="SIZE",
        help="the same video in another size too, as out-1920x1080.mp4; may be given again",
    )
    group.add_argument(
        "--teaser",
        action="append",
        default=[],
        choices=[format.value for format in TeaserFormat],
        help="its first four seconds in a loop, as out.gif or out.webp; may be given twice",
    )
    group.add_argument(
        "--audio",
        action="append",
        default=[],
        choices=[format.value for format in AudioFormat],
        help="its sound alone, as out.m4a or out.mp3; may be given twice",
    )
