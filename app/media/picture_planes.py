"""A still picture made ready for motion: decoded, fitted to the frame's shape, and cut into YCbCr planes once."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps

from app.domain.errors import BadMedia
from app.domain.machine_faults import words_of
from app.media.backdrop import blurred, light_kept
from app.media.colour import rgb_to_ycbcr_matrix
from app.media.files import reading
from app.media.fitting import (
    LEAST_OVERSAMPLE,
    MOST_OVERSAMPLE,
    OVERSAMPLE,
    Box,
    Size,
    cover_box,
    inset_size,
    is_inset,
    plane_size,
)
from app.media.shrink import Rgb, shrunk

BAND_ROWS = 256  # even, as chroma takes two rows

# What is shrunk by less than this needs no filter against aliasing.
NOTABLY = 1.02
# The backdrop is blurred at an eighth of its size.
SHRUNK = 8

Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PicturePlanes:
    """BT.709 limited 4:2:0 planes, uint8, each TRANSPOSED (width × height), for `warp` to read its columns as rows.

    Chroma is half the size both ways, each sample in the middle of its four luma pixels.
    """

    luma_t: Plane
    cb_t: Plane
    cr_t: Plane
    is_inset: bool  # it sits on its own blur: a drift would push it to the frame's edge


def load_planes(picture: Path, width_px: int, height_px: int) -> PicturePlanes:
    """The planes of the picture file for frames of this size; raise BadMedia when it is none."""
    image, frame = _open_rgb(picture, width_px, height_px), (width_px, height_px)
    sits_on_blur = is_inset(image.size, frame)
    fitted = _on_own_blur(image, frame) if sits_on_blur else _crop(image, frame)
    return _cut_into_planes(fitted, sits_on_blur)


def _cut_into_planes(rgb: Rgb, is_inset: bool) -> PicturePlanes:
    """`rgb` has even sides. Band by band, so that a worker holds no second and third copy of a whole picture."""
    height, width, _ = rgb.shape
    luma_t = np.empty((width, height), np.uint8)
    cb_t, cr_t = (np.empty((width // 2, height // 2), np.uint8) for _ in range(2))
    for top in range(0, height, BAND_ROWS):
        luma, *chroma = cv2.split(cv2.transform(rgb[top : top + BAND_ROWS], rgb_to_ycbcr_matrix()))
        rows = len(luma)
        cv2.transpose(luma, dst=luma_t[:, top : top + rows])
        for plane, plane_t in zip(chroma, (cb_t, cr_t), strict=True):
            halved = cv2.resize(plane, (width // 2, rows // 2), interpolation=cv2.INTER_AREA)
            cv2.transpose(halved, dst=plane_t[:, top // 2 : (top + rows) // 2])
    return PicturePlanes(luma_t, cb_t, cr_t, is_inset)


def _open_rgb(picture: Path, width_px: int, height_px: int) -> Image.Image:
    """Decode to upright sRGB; a transparent picture is laid on white."""
    try:
        with warnings.catch_warnings():
            # A picture too large to be one ends the step; Pillow only warns up to twice its limit.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with reading(picture, "the picture"), Image.open(picture) as image:
                # JPEG can decode at a half, quarter or eighth for next to nothing.
                longest = math.ceil(max(width_px, height_px) * OVERSAMPLE * 2)
                image.draft(None, (longest, longest))
                ImageOps.exif_transpose(image, in_place=True)
                image.load()
                return _flatten(_to_srgb(image))
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise BadMedia(f"the picture cannot be read: {words_of(error)}") from error


def _to_srgb(image: Image.Image) -> Image.Image:
    """Bring the colours of a picture with a profile of its own (a phone's Display P3, a printer's CMYK) to sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile says nothing; the bare values are the best guess
    return converted or image


def _flatten(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(paper, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _crop(image: Image.Image, frame: Size) -> Rgb:
    box = cover_box(image.size, frame[0] / frame[1])
    if LEAST_OVERSAMPLE <= (box[2] - box[0]) / frame[0] <= MOST_OVERSAMPLE:
        left, top = round(box[0]), round(box[1])
        width, height = int(box[2] - box[0]) // 2 * 2, int(box[3] - box[1]) // 2 * 2
        return np.asarray(image)[top : top + height, left : left + width]
    return _resized(image, box, plane_size(frame))


def _resized(image: Image.Image, box: Box, size: Size) -> Rgb:
    """What lies in the box, at another size."""
    if (box[2] - box[0]) / size[0] > NOTABLY:
        return shrunk(np.asarray(image), box, size)
    left, top = int(box[0]), int(box[1])
    part = np.asarray(image)[top : max(top + 1, math.ceil(box[3])), left : max(left + 1, math.ceil(box[2]))]
    # Nothing is there to be kept sharp, and this takes a tenth of the time.
    return cast(Rgb, cv2.resize(part, size, interpolation=cv2.INTER_CUBIC))


def _on_own_blur(image: Image.Image, frame: Size) -> Rgb:
    """The picture, nearly whole, in front of a blurred and darkened crop of itself."""
    width, height = plane_size(frame)
    inset = inset_size(image.size, frame)
    left, top = (width - inset[0]) // 2, (height - inset[1]) // 2
    # Enlarged it looks the same, for a fraction of the work.
    small = (max(2, width // SHRUNK), max(2, height // SHRUNK))
    crop = image.resize(small, Image.Resampling.BOX, box=cover_box(image.size, width / height), reducing_gap=2.0)
    light = light_kept((width, height), inset, small)[..., np.newaxis]
    darkened = np.rint(blurred(np.asarray(crop, np.float32)) * light).astype(np.uint8)
    whole = cast(Rgb, cv2.resize(darkened, (width, height), interpolation=cv2.INTER_CUBIC))
    whole[top : top + inset[1], left : left + inset[0]] = _resized(
        image, cover_box(image.size, inset[0] / inset[1]), inset
    )
    return whole
