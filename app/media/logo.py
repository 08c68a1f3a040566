"""A logo: read safely, scaled to its place, ready to lay over frames."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from app.domain.caption_style import Rgb
from app.domain.errors import BadMedia
from app.domain.free_band import free_band
from app.domain.template import Logo
from app.media.caption_layout import SIDE_MARGIN
from app.media.files import reading
from app.media.logo_ink import PLATE_MARGIN, Pixels, halos, plate_cover, plate_for, trimmed
from app.media.overlays import Watermark
from app.media.stamp import Sheet, Stamp, even
from app.media.warp import FramePlanes

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
WIDEST = 2.2  # a word mark is made this much wider than a square logo of the same area could be
SIDE_MARGIN_WIDE = 0.045  # of the width, where no buttons lie over the sides


class LogoTrack:
    """A watermark over the frames of one clip; the last `tail_frames` are its transition."""

    def __init__(self, mark: Watermark, width_px: int, height_px: int, frames: int, tail_frames: int) -> None:
        stamp = watermark_stamp(mark.path, mark.look, width_px, height_px)
        self._mark, self._whole = mark, stamp
        self._own_frames, self._tail_frames = frames - tail_frames, tail_frames

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the frame, in pixels."""
        return self._whole.box

    def lay_over(self, number: int, frame: FramePlanes) -> None:
        before, after = float(self._mark.on_scene), float(self._mark.on_next)
        passed = max(0, number - self._own_frames + 1) / (self._tail_frames + 1)
        share = before + (after - before) * passed
        if share == 1.0:
            self._whole.lay_over(frame)
        elif share > 0.0:
            self._whole.faded(share).lay_over(frame)


def watermark_stamp(path: Path, look: Logo, width_px: int, height_px: int) -> Stamp:
    """The logo in its corner, inside the band that apps and players leave free."""
    logo = load_logo(path)
    side = look.size * min(width_px, height_px)
    # No taller than a square one: what stands above or below it can be placed without looking at the file.
    width, height = _fitted(logo, side * side, WIDEST * side, side)
    top_band, bottom_band = free_band(width_px, height_px)
    margin = (SIDE_MARGIN if height_px > width_px else SIDE_MARGIN_WIDE) * width_px
    left = margin if look.corner.is_left else width_px - margin - width
    top = top_band * height_px if look.corner.is_top else bottom_band * height_px - height
    at = even(left), even(top)
    room = min(*at, width_px - at[0] - width, height_px - at[1] - height)
    return _with_halo(_scaled(logo, width, height), *at, room, look.opacity)


def card_logo_stamp(logo: Image.Image, box: tuple[int, int, int, int], grounds: Sequence[Rgb]) -> Stamp:
    """The logo on a title card, in an even place (left, top, width, height); on a plate where it would be lost."""
    left, top, width_px, height_px = box
    pixels = _scaled(logo, width_px, height_px)
    plate = plate_for(pixels, grounds)
    if plate is None:
        return _laid(pixels, Sheet(left, top, width_px, height_px), 0, 1.0)
    margin = max(0, min(even(PLATE_MARGIN * min(width_px, height_px)), left, top))
    sheet = Sheet(left - margin, top - margin, width_px + 2 * margin, height_px + 2 * margin)
    sheet.lay(plate_cover(sheet.width_px, sheet.height_px), plate)
    return _laid(pixels, sheet, margin, 1.0)


def _with_halo(pixels: Pixels, left: int, top: int, room_px: int, opacity: float) -> Stamp:
    """The logo at an even corner, with a halo within `room_px` where some picture would swallow it."""
    margin, soft = halos(pixels, room_px)
    height_px, width_px = pixels.shape[:2]
    sheet = Sheet(left - margin, top - margin, width_px + 2 * margin, height_px + 2 * margin)
    for colour, cover in soft:
        sheet.lay(cover * opacity, colour)
    return _laid(pixels, sheet, margin, opacity)


def _laid(pixels: Pixels, sheet: Sheet, margin: int, opacity: float) -> Stamp:
    framed = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)))
    cover = framed[..., 3].astype(np.float32) / 255 * opacity
    sheet.lay_picture(np.ascontiguousarray(framed[..., :3]), cover)
    return sheet.stamp()


def _scaled(logo: Image.Image, width_px: int, height_px: int) -> Pixels:
    return np.asarray(logo.resize((width_px, height_px), Image.Resampling.LANCZOS, reducing_gap=3.0))


def card_size(logo: Image.Image, side_px: float) -> tuple[int, int]:
    """Its size on a title card, where it has more room: about a square of `side_px`, or wider."""
    return _fitted(logo, side_px * side_px, 3 * side_px, 1.5 * side_px)


def load_logo(path: Path) -> Image.Image:
    """The logo as RGBA, trimmed; BadMedia when it cannot be read, although it was checked at upload."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with reading(path, "the logo"), Image.open(path, formats=FORMATS) as opened:
                return trimmed(opened.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadMedia("The logo of this job cannot be decoded.") from error


def _fitted(logo: Image.Image, area_px: float, widest_px: float, tallest_px: float) -> tuple[int, int]:
    """Logos of any shape look alike in size when they cover the same area."""
    shape = logo.width / logo.height
    width = min(math.sqrt(area_px * shape), widest_px, tallest_px * shape)
    return max(2, even(width)), max(2, even(width / shape))
