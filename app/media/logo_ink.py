"""What of a logo would be lost on the ground it stands on, and what makes it seen there: a halo, or a plate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from app.domain.caption_style import Rgb, contrast, rgb_of
from app.media.inspect_image import BLANK_ALPHA

Mask = npt.NDArray[Any]  # float32, 0 to 1
Pixels = npt.NDArray[np.uint8]  # height, width, RGBA

MIDDLE_GREY = rgb_of("#777777")
DARK, LIGHT = "#0C0E12", "#FFFFFF"
# Pictures are of any lightness. On which of these a part of a logo would be lost, and the halo that keeps it seen.
HALOS = ((rgb_of("#181818"), LIGHT), (rgb_of("#E8E8E8"), DARK), (MIDDLE_GREY, DARK))
_INK_ALPHA = 0.25
# From this saturation on a colour is told from a middle grey of its own lightness.
_VIVID = 0.25
# A part of the logo is seen when this share of it has this contrast to the ground: the dark ring of a white disc.
_SEEN_CONTRAST, _SEEN_SHARE = 2.5, 0.08
# Beside the ink, as a share of the logo's height or width, whichever is less.
_HALO_REACH = 0.07
_LEAST_REACH_PX = 1.5
# Enough for 4 to 1 over black or white, and too little to be seen as a thing of its own.
_HALO_STRENGTH = 0.6
# A plate's margin and its corners' radius, as shares of the shorter side of the logo and of the plate.
PLATE_MARGIN, PLATE_ROUND = 0.22, 0.18


def trimmed(logo: Image.Image) -> Image.Image:
    """The RGBA logo without its transparent margins, which would count as its size; an empty one as it is."""
    box = logo.getchannel("A").point(lambda alpha: 255 * (alpha > BLANK_ALPHA)).getbbox()
    return logo if box is None else logo.crop(box)


def lost_ink(pixels: Pixels, grounds: Sequence[Rgb]) -> Mask:
    """1 where the logo's connected parts would be lost on one of the grounds, else 0.

    A part counts as a whole: a letter is seen or not, and the white of a disc with a dark ring is.
    """
    ink = (pixels[..., 3] >= _INK_ALPHA * 255).astype(np.uint8)
    count, parts = cv2.connectedComponents(ink, connectivity=8)
    areas = np.bincount(parts.ravel(), minlength=count)
    is_lost = np.zeros(count, bool)
    for ground in grounds:
        seen = np.bincount(parts[_is_seen(pixels, ground)], minlength=count)
        is_lost |= seen < _SEEN_SHARE * areas
    is_lost[0] = False  # What is not ink at all.
    lost: Mask = is_lost[parts].astype(np.float32)
    return lost


def halos(pixels: Pixels, room_px: int) -> tuple[int, list[tuple[str, Mask]]]:
    """Soft light round dark ink and soft shade round light ink, where some picture would swallow it.

    How far they reach beyond the logo in pixels, an even number up to `room_px`; and their colours and covers, with
    that margin. A logo that is seen on every picture has none.
    """
    height_px, width_px = pixels.shape[:2]
    reach = max(_LEAST_REACH_PX, _HALO_REACH * min(height_px, width_px))
    margin = min(2 * math.ceil(reach), max(0, room_px) // 2 * 2)
    found = []
    for ground, colour in HALOS:
        lost = lost_ink(pixels, [ground])
        if lost.any():
            cover = np.pad(lost * (pixels[..., 3] / np.float32(255)), margin)
            found.append((colour, _glow(cover, reach) * _HALO_STRENGTH))
    return (margin if found else 0), found


def plate_for(pixels: Pixels, grounds: Sequence[Rgb]) -> str | None:
    """The colour of a plate beneath the logo, where without one some of it would be lost on a known ground."""
    if not lost_ink(pixels, grounds).any():
        return None
    return min((LIGHT, DARK), key=lambda colour: float(lost_ink(pixels, [rgb_of(colour)]).sum()))


def plate_cover(width_px: int, height_px: int) -> Mask:
    """A filled rectangle with round corners."""
    radius, fine = PLATE_ROUND * min(width_px, height_px), 4
    plate = Image.new("L", (width_px * fine, height_px * fine))
    corners = (0, 0, width_px * fine - 1, height_px * fine - 1)
    ImageDraw.Draw(plate).rounded_rectangle(corners, radius * fine, fill=255)
    cover: Mask = np.asarray(plate.resize((width_px, height_px), Image.Resampling.BOX), np.float32) / 255
    return cover


def _glow(cover: Mask, reach: float) -> Mask:
    """The cover made broader by `reach`, and soft."""
    across = 2 * round(reach) + 1
    broad = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across)))
    glow: Mask = cv2.GaussianBlur(broad, (0, 0), 0.5 * reach)
    return glow


def _is_seen(pixels: Pixels, ground: Rgb) -> Mask:
    """Which pixels are told from the ground, by their lightness (as `contrast` has it) or from a middle grey by hue."""
    levels = np.arange(256)[:, np.newaxis].repeat(3, axis=1) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)[:, 0]
    light = (linear[pixels[..., :3]] * (0.2126, 0.7152, 0.0722)).sum(axis=2) + 0.05
    behind = 1.05 / contrast(ground, (255, 255, 255))
    seen: Mask = np.maximum(light, behind) / np.minimum(light, behind) >= _SEEN_CONTRAST
    if ground == MIDDLE_GREY:
        seen |= np.ptp(pixels[..., :3], axis=2) >= _VIVID * 255
    return seen
