"""Uploaded pictures: what is accepted, and what a stranger may try."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import UnsupportedMedia
from app.media.inspect_image import ImageInfo, inspect_image


def picture(width_px: int = 64, height_px: int = 48) -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 255, (height_px, width_px, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def saved(path: Path, image_format: str, **options: object) -> Path:
    picture().save(path, image_format, **options)
    return path


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_content_decides_and_the_name_does_not(tmp_path: Path, image_format: str) -> None:
    path = saved(tmp_path / "holiday é.txt", image_format)

    assert inspect_image(path) == ImageInfo(64, 48, image_format)


def test_a_phones_portrait_is_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    assert inspect_image(saved(tmp_path / "portrait.jpg", "JPEG", exif=exif)) == ImageInfo(48, 64, "JPEG")


def test_a_phones_jpeg_with_a_second_picture_inside_is_a_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "hdr.jpg"
    picture().save(path, "MPO", save_all=True, append_images=[picture(32, 24)])

    assert inspect_image(path) == ImageInfo(64, 48, "JPEG")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_cut_short_is_refused(tmp_path: Path, image_format: str) -> None:
    path = saved(tmp_path / "cut", image_format)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])

    with pytest.raises(UnsupportedMedia, match="damaged or cut short"):
        inspect_image(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4096,
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["nothing", "zeros", "svg", "html", "playlist", "postscript", "only-a-signature"],
)
def test_what_is_no_picture_is_refused_under_any_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(UnsupportedMedia) as caught:
        inspect_image(path)
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("image_format", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused(tmp_path: Path, image_format: str) -> None:
    with pytest.raises(UnsupportedMedia, match="PNG, JPEG, WebP and GIF"):
        inspect_image(saved(tmp_path / "picture.png", image_format))


def huge_png(side_px: int) -> bytes:
    """A real PNG of one colour: some hundred kilobytes that unpack to gigabytes."""
    packer = zlib.compressobj(9)
    row = b"\0" + bytes(side_px * 3)
    data = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_from_its_header_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(huge_png(15_000))
    program = f"""
import resource
from pathlib import Path
from app.domain.errors import UnsupportedMedia
from app.media.inspect_image import inspect_image
try:
    inspect_image(Path({str(path)!r}))
except UnsupportedMedia as error:
    print(error.message)
try:
    # Linux counts the parent's peak into ru_maxrss of a new process; this line is the process's own, in KiB.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 2**10)
except FileNotFoundError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20)
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert said[0] == "The picture has more than 40 million pixels."
    assert int(said[1]) < 200


def test_a_webp_is_held_to_what_its_decoder_needs(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4001, 3000)).save(buffer, "WEBP")
    path = tmp_path / "large.webp"
    path.write_bytes(buffer.getvalue())

    with pytest.raises(UnsupportedMedia, match="12 million pixels"):
        inspect_image(path)
