"""A caller's image made safe: decoded, turned upright, flattened to RGB and written anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from app.domain.errors import BadMedia
from app.domain.machine_faults import machine_faults
from app.media.files import reading
from app.media.fitting import Size, useful_scale
from app.media.shrink import shrunk

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
DARK_PAPER = "#14181F"
LIGHT_INK = 200  # of 255: lighter than this it is hardly seen on white
MOST_COVERED = 0.9  # of the picture: beyond it the ink is the picture, and what is behind it an edge
# The orientations, as EXIF numbers them, of what a quarter turn makes upright.
LYING = (5, 6, 7, 8)
# JPEG decodes at a half, quarter or eighth in a fraction of the time. What is left to shrink after it must be at least
# this much, or it shows that its filter is not quite as good.
MOST_DRAFTED = 1.4


def import_picture(source: Path, out: Path, *, frame_px: tuple[int, int], still_wanted: Callable[[], None]) -> None:
    """Write `source` to `out` as an RGB JPEG, no larger than a frame of `frame_px` (width, height) can show.

    Transparency is laid on white or, where the ink is light, on a dark ground. BadMedia when it cannot be decoded,
    although it was checked at upload; StorageFull or TransientError when it cannot be read or written. `still_wanted`
    is called in between, and may raise.
    """
    still_wanted()
    image, size = _decoded(source, frame_px)
    still_wanted()
    # Kept for the clip, which turns the colours into sRGB: without it a photo from a phone looks dull.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    if image.has_transparency_data:
        inked = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, _paper_for(inked))
        paper.alpha_composite(inked)
        image = paper
        still_wanted()
    image = to_8_bits(image).convert("RGB")
    still_wanted()
    if size != image.size:
        image = Image.fromarray(shrunk(np.asarray(image), (0.0, 0.0, *image.size), size))
        still_wanted()
    with machine_faults("writing the picture"):
        image.save(out, "JPEG", quality=95, subsampling=0, icc_profile=profile)


def _decoded(source: Path, frame_px: Size) -> tuple[Image.Image, Size]:
    """The picture, upright, and the size at which it is kept: its own or a smaller one."""
    try:
        with reading(source, "an image of the job"), Image.open(source, formats=FORMATS) as opened:
            lies_down = opened.getexif().get(ExifTags.Base.Orientation, 1) in LYING
            width, height = opened.size[::-1] if lies_down else opened.size
            scale = useful_scale((width, height), frame_px)
            kept = (max(1, round(width * scale)), max(1, round(height * scale)))
            drafted = (math.ceil(kept[0] * MOST_DRAFTED), math.ceil(kept[1] * MOST_DRAFTED))
            opened.draft(None, drafted[::-1] if lies_down else drafted)
            ImageOps.exif_transpose(opened, in_place=True)
            opened.load()
            return opened, kept
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadMedia("An image of this job cannot be decoded.") from error


def _paper_for(inked: Image.Image) -> str:
    """White, or dark where most of what is not transparent would be lost on white."""
    # A sixteenth of a large picture says as much as all of it.
    small = inked.reduce(max(1, min(inked.size) // 256))
    ink, alpha = np.asarray(small.convert("RGB").convert("L")), np.asarray(small.getchannel("A"), np.float32)
    light = float(alpha[ink > LIGHT_INK].sum())
    return DARK_PAPER if light > alpha.sum() / 2 and alpha.mean() < MOST_COVERED * 255 else "white"


def to_8_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits of grey as eight: Pillow's own conversion would cut everything above 255 to white."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value / 257.0).convert("L")
