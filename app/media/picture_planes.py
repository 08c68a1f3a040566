"""A still picture made ready for motion: decoded, fitted to the frame's shape, and cut into YCbCr planes once."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageEnhance, ImageFilter, ImageOps

from app.domain.errors import BadMedia
from app.domain.machine_faults import words_of
from app.media.colour import rgb_to_ycbcr_matrix
from app.media.files import reading

OVERSAMPLE = 1.15  # of the frame: the closest zoom then still has a pixel of the picture for each of its own
# A picture within these bounds is used pixel for pixel: resampling it would only soften it.
LEAST_OVERSAMPLE, MOST_OVERSAMPLE = 1.13, 1.3
# Cropping to a shape this different would lose too much; the picture then sits on its own blur.
MOST_CROP = 1.6
# Small enough that the closest zoom does not cut into it.
INSET = 0.85
# An inset picture is cropped this much towards the frame's shape, so that it is no thin strip.
INSET_CROP = 1.25
BAND_ROWS = 256  # even, as chroma takes two rows

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
    image = _open_rgb(picture, width_px, height_px)
    frame_shape, shape = width_px / height_px, image.width / image.height
    is_inset = max(frame_shape / shape, shape / frame_shape) > MOST_CROP
    image = _on_own_blur(image, width_px, height_px) if is_inset else _crop(image, width_px, height_px)
    return _cut_into_planes(np.asarray(image), is_inset)


def _cut_into_planes(rgb: npt.NDArray[Any], is_inset: bool) -> PicturePlanes:
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


def _plane_size(width_px: int, height_px: int) -> tuple[int, int]:
    """OVERSAMPLE as large as the frame or a little more, both sides even."""
    return math.ceil(width_px * OVERSAMPLE / 2) * 2, math.ceil(height_px * OVERSAMPLE / 2) * 2


def _crop(image: Image.Image, width_px: int, height_px: int) -> Image.Image:
    box = _cover_box(image, width_px / height_px)
    enlarged = (box[2] - box[0]) / width_px
    if LEAST_OVERSAMPLE <= enlarged <= MOST_OVERSAMPLE:
        left, top = round(box[0]), round(box[1])
        width, height = int(box[2] - box[0]) // 2 * 2, int(box[3] - box[1]) // 2 * 2
        return image.crop((left, top, left + width, top + height))
    return image.resize(_plane_size(width_px, height_px), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _cover_box(image: Image.Image, frame_shape: float) -> tuple[float, float, float, float]:
    """The largest box of the frame's shape, in the middle of the picture."""
    width = min(image.width, image.height * frame_shape)
    height = min(image.height, image.width / frame_shape)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return left, top, left + width, top + height


def _on_own_blur(image: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """The picture, nearly whole, in front of a blurred and darkened crop of itself."""
    size = width, height = _plane_size(width_px, height_px)
    # Blurred small and enlarged: the same look for a fraction of the work.
    small = (max(2, width // 8), max(2, height // 8))
    backdrop = image.resize(small, Image.Resampling.LANCZOS, box=_cover_box(image, width / height), reducing_gap=3.0)
    backdrop = backdrop.filter(ImageFilter.GaussianBlur(max(small) / 24))
    backdrop = ImageEnhance.Brightness(backdrop).enhance(0.6).resize(size, Image.Resampling.BICUBIC)
    frame_shape, shape = width / height, image.width / image.height
    shape = max(frame_shape, shape / INSET_CROP) if shape > frame_shape else min(frame_shape, shape * INSET_CROP)
    inset_width = INSET * min(width, height * shape)
    inset = (max(1, round(inset_width)), max(1, round(inset_width / shape)))
    front = image.resize(inset, Image.Resampling.LANCZOS, box=_cover_box(image, shape), reducing_gap=3.0)
    left, top = (width - inset[0]) // 2, (height - inset[1]) // 2
    shadow = Image.new("L", size)
    shadow.paste(110, (left, top, left + inset[0], top + inset[1]))
    backdrop.paste("black", mask=shadow.resize(small).filter(ImageFilter.GaussianBlur(max(small) / 80)).resize(size))
    backdrop.paste(front, (left, top))
    return backdrop
