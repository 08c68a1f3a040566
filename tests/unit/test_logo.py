"""A logo is seen on whatever it stands on, whatever its file looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.domain.caption_style import rgb_of
from app.domain.template import Corner, Logo
from app.media.colour import ycbcr_of
from app.media.inspect_image import inspect_image
from app.media.logo import card_logo_stamp, card_size, load_logo, watermark_stamp
from app.media.logo_ink import halos, trimmed
from app.media.stamp import Stamp
from app.media.warp import FramePlanes

WIDTH_PX, HEIGHT_PX = 480, 270
GROUNDS = ("#000000", "#303A48", "#777777", "#C8C0B0", "#FFFFFF")
# As levels of luma, of 219 between black and white.
LEAST_SEEN = 50


def word_mark(colour: str, dot: str | None = None) -> Image.Image:
    """Strokes as those of letters, and a dot before them."""
    picture = Image.new("RGBA", (500, 120))
    pen = ImageDraw.Draw(picture)
    for left in range(140, 480, 60):
        pen.rectangle((left, 0, left + 24, 119), fill=colour)
    pen.ellipse((0, 0, 119, 119), fill=dot or colour)
    return picture


def disc() -> Image.Image:
    picture = Image.new("RGBA", (240, 240))
    ImageDraw.Draw(picture).ellipse((0, 0, 239, 239), fill="#FFFFFF", outline="#14181F", width=14)
    return picture


def contrast_on(stamp: Stamp, ground: str) -> int:
    """How far, in luma, what was laid on the plain ground goes from light to dark."""
    frame = FramePlanes.blank(WIDTH_PX, HEIGHT_PX)
    for plane, level in zip(frame.visible, ycbcr_of(rgb_of(ground)), strict=True):
        plane[:] = round(level)
    stamp.lay_over(frame)
    return int(np.ptp(frame.visible[0].astype(int)))


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["#000000", "#FFFFFF", "#0B3D91", "#808080", "#FFE600"])
def test_a_logo_of_one_colour_is_seen_on_every_picture_and_every_card(tmp_path: Path, ink: str, ground: str) -> None:
    word_mark(ink).save(tmp_path / "logo.png")
    watermark = watermark_stamp(tmp_path / "logo.png", Logo(None, Corner.TOP_RIGHT), WIDTH_PX, HEIGHT_PX)
    assert contrast_on(watermark, ground) >= LEAST_SEEN
    logo = load_logo(tmp_path / "logo.png")
    on_card = card_logo_stamp(logo, (100, 100, *card_size(logo, 60)), [rgb_of(ground)])
    assert contrast_on(on_card, ground) >= LEAST_SEEN


@pytest.mark.parametrize("logo", [word_mark("#E63946"), disc()], ids=["red", "ringed"])
def test_a_logo_that_is_seen_on_every_picture_has_no_halo(logo: Image.Image) -> None:
    assert halos(np.asarray(logo), 100) == (0, [])


def test_only_the_letters_that_would_be_lost_have_a_halo() -> None:
    margin, found = halos(np.asarray(word_mark("#101010", dot="#E63946")), 100)
    ((colour, cover),) = found
    assert colour == "#FFFFFF" and cover[:, margin + 160].max() > 0.4 and not cover[:, : margin + 60].any()


def test_a_logo_that_is_seen_on_its_card_has_no_plate() -> None:
    logo = word_mark("#FFFFFF")
    box = (100, 100, 100, 24)
    assert card_logo_stamp(logo, box, [rgb_of("#10243E")]).box == (100, 100, 200, 124)
    # A gradient is looked at where it is worst.
    assert card_logo_stamp(logo, box, [rgb_of("#10243E"), rgb_of("#F4F4F4")]).box != (100, 100, 200, 124)


@pytest.mark.parametrize("size", [(64, 64), (66, 120), (96, 64)])
def test_a_halo_stays_in_the_smallest_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    word_mark("#000000").save(tmp_path / "logo.png")
    for corner in Corner:
        left, top, right, bottom = watermark_stamp(tmp_path / "logo.png", Logo(None, corner, 0.3), *size).box
        assert min(left, top) >= 0 and right <= size[0] and bottom <= size[1]


def test_transparent_margins_do_not_count_as_the_logos_size(tmp_path: Path) -> None:
    logo = word_mark("#E63946")
    logo.save(tmp_path / "logo.png")
    padded = Image.new("RGBA", (1500, 1500))
    padded.paste(logo, (300, 700))
    padded.save(tmp_path / "padded.png")
    stamps = [
        watermark_stamp(tmp_path / name, Logo(None, Corner.TOP_RIGHT), WIDTH_PX, HEIGHT_PX)
        for name in ("logo.png", "padded.png")
    ]
    assert stamps[0].box == stamps[1].box and np.array_equal(stamps[0].luma_ink, stamps[1].luma_ink)
    empty = Image.new("RGBA", (30, 20))
    assert trimmed(empty).size == (30, 20)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_picture_without_any_ink_is_known_at_upload(tmp_path: Path, mode: str) -> None:
    blank = Image.new("RGBA", (40, 40), (255, 255, 255, 0)).convert(mode)
    blank.save(tmp_path / "blank.png", **({"transparency": blank.getpixel((0, 0))} if mode == "P" else {}))
    assert inspect_image(tmp_path / "blank.png").is_blank
    word_mark("#000000").convert("RGBA" if mode == "P" else mode).save(tmp_path / "mark.png")
    assert not inspect_image(tmp_path / "mark.png").is_blank
    Image.new("RGB", (40, 40), "white").save(tmp_path / "white.jpg")
    assert not inspect_image(tmp_path / "white.jpg").is_blank
