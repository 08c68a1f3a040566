"""What an uploaded picture is, by its content; anything else is refused with a sentence for a person."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from app.domain.errors import UnsupportedMedia
from app.media.files import reading

MAX_PIXELS = 40_000_000
# libwebp holds a picture four times while it decodes: 15 bytes a pixel were measured, where a PNG takes four.
MAX_WEBP_PIXELS = 12_000_000
MIN_SIDE_PX = 2
# Up to it (of 255) nobody sees a pixel.
BLANK_ALPHA = 12
# The decoders that we let near a stranger's bytes. The content chooses among them, the name never does.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
ACCEPTED = "PNG, JPEG, WebP and GIF are accepted."

_ORIENTATIONS_ON_THE_SIDE = (5, 6, 7, 8)
# Phones write JPEGs with a second picture inside (a depth map, a gain map); Pillow calls these MPO.
_SAME_AS_JPEG = "MPO"


@dataclass(frozen=True)
class ImageInfo:
    """Size as a person sees it, EXIF orientation applied; `format` is one of FORMATS; blank is without any ink."""

    width_px: int
    height_px: int
    format: str
    is_blank: bool = False


def inspect_image(path: Path) -> ImageInfo:
    """Facts of the picture at `path`, whatever its name. Raises UnsupportedMedia.

    A picture above its limit of pixels is refused from its header; any other is decoded once. TransientError when the
    machine cannot read it.
    """
    try:
        with reading(path, "the picture"), warnings.catch_warnings():
            # Pillow warns of very large pictures on its own account; our limit below is the one that counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image)
                image.verify()
            # verify() leaves the object unusable, and reads checksums but no pixels; cut files pass it.
            with Image.open(path, formats=FORMATS) as image:
                info = _info(image)
                _decode(image)
                return replace(info, is_blank=_is_blank(image))
    except UnidentifiedImageError as error:
        raise UnsupportedMedia(f"This is not a picture we can read. {ACCEPTED}") from error
    except Image.DecompressionBombError as error:
        raise UnsupportedMedia(_too_large(MAX_PIXELS)) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, MemoryError) as error:
        # Pillow's plugins raise all of these on broken files.
        raise UnsupportedMedia(f"The picture is damaged or cut short. {ACCEPTED}") from error


def _check_size(image: Image.Image) -> None:
    width_px, height_px = image.size
    limit = MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS
    if width_px * height_px > limit:
        raise UnsupportedMedia(_too_large(limit))
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise UnsupportedMedia(f"The picture is {width_px} × {height_px} pixels, too small to show.")


def _too_large(limit: int) -> str:
    return f"The picture has more than {limit // 1_000_000} million pixels."


def _info(image: Image.Image) -> ImageInfo:
    width_px, height_px = image.size
    if image.getexif().get(ExifTags.Base.Orientation) in _ORIENTATIONS_ON_THE_SIDE:
        width_px, height_px = height_px, width_px
    name = "JPEG" if image.format == _SAME_AS_JPEG else str(image.format)
    return ImageInfo(width_px, height_px, name)


def _decode(image: Image.Image) -> None:
    """Read every byte of the first picture, so that a cut file is found here and not in a render."""
    # A JPEG decodes at an eighth of its size from the same bytes, at a sixty-fourth of the memory.
    image.draft("RGB", (image.width // 8, image.height // 8))
    image.load()


def _is_blank(image: Image.Image) -> bool:
    """Whether every pixel of the decoded picture is transparent."""
    if image.mode == "P" and "transparency" in image.info:
        # A byte for each of the first colours, or the number of the one that is transparent.
        given = image.info["transparency"]
        alphas = given if isinstance(given, bytes) else bytes(0 if at == given else 255 for at in range(256))
        used = {at for at, count in enumerate(image.histogram()) if count}
        return all(at < len(alphas) and alphas[at] <= BLANK_ALPHA for at in used)
    return "A" in image.getbands() and not any(image.getchannel("A").histogram()[BLANK_ALPHA + 1 :])
