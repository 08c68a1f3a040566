"""A caller's picture made safe: what it shows stays what it showed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import BadMedia, LeaseLost
from app.media.user_picture import import_picture
from tests.canceling import LATEST_S, asked_when, canceled_at
from tests.media_samples import always_wanted

FRAME_PX = (180, 320)


def imported(image: Image.Image, folder: Path, kind: str = "PNG") -> Image.Image:
    source, out = folder / "source", folder / "out.jpg"
    image.save(source, kind)
    import_picture(source, out, frame_px=FRAME_PX, still_wanted=always_wanted)
    with Image.open(out) as result:
        result.load()
        return result


def test_sixteen_bits_of_grey_keep_their_tone(tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((400, 300), 40_000, np.uint16))
    middle = imported(grey, tmp_path).getpixel((50, 50))
    assert middle == pytest.approx((156, 156, 156), abs=2)


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    assert imported(Image.new("RGBA", (300, 400), (0, 0, 0, 0)), tmp_path).getpixel((10, 10)) == (255, 255, 255)


def inked(colour: str, covered: float = 0.3) -> Image.Image:
    """A transparent picture with a bar of ink over the share `covered` of it."""
    picture = Image.new("RGBA", (600, 400))
    picture.paste(colour, (0, 0, round(600 * covered), 400))
    return picture


@pytest.mark.parametrize("ink", ["#FFFFFF", "#FFE600", "#E8F0FF"])
def test_light_ink_lies_on_a_dark_ground(tmp_path: Path, ink: str) -> None:
    found = imported(inked(ink), tmp_path).convert("L")
    assert found.getpixel((20, 50)) > 190 and found.getpixel((found.width - 20, 50)) < 40


@pytest.mark.parametrize("ink", ["#000000", "#0B3D91", "#E63946"])
def test_other_ink_lies_on_white(tmp_path: Path, ink: str) -> None:
    found = imported(inked(ink), tmp_path)
    assert found.getpixel((found.width - 20, 50)) == (255, 255, 255)


def test_a_light_photo_with_a_cut_corner_stays_on_white(tmp_path: Path) -> None:
    found = imported(inked("#F4F4F4", covered=0.96), tmp_path)
    assert found.getpixel((found.width - 2, 50))[0] > 240


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    photo = Image.new("RGB", (400, 200), "red")
    turned = photo.getexif()
    turned[0x0112] = 6
    photo.save(tmp_path / "photo.jpg", exif=turned)
    import_picture(tmp_path / "photo.jpg", tmp_path / "out.jpg", frame_px=FRAME_PX, still_wanted=always_wanted)
    with Image.open(tmp_path / "out.jpg") as upright:
        assert upright.height > upright.width


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_of_many_pixels_is_as_sharp_as_if_it_were_decoded_whole(tmp_path: Path, orientation: int) -> None:
    seed = np.random.default_rng(3).integers(0, 256, (150, 100, 3), np.uint8)
    photo = Image.fromarray(seed).resize((1200, 1800), Image.Resampling.BICUBIC)
    turned = photo.getexif()
    turned[0x0112] = orientation
    photo.save(tmp_path / "photo.jpg", quality=95, exif=turned)

    import_picture(tmp_path / "photo.jpg", tmp_path / "out.jpg", frame_px=FRAME_PX, still_wanted=always_wanted)

    upright = photo.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else photo
    with Image.open(tmp_path / "out.jpg") as kept:
        assert (kept.width > kept.height) == (orientation == 6)
        wanted = np.asarray(upright.resize(kept.size, Image.Resampling.LANCZOS), np.float64)
        error = float(np.mean((np.asarray(kept, np.float64) - wanted) ** 2))
    assert 10 * np.log10(255**2 / error) > 34


def test_no_more_pixels_are_kept_than_the_frame_can_show(tmp_path: Path) -> None:
    assert max(imported(Image.new("RGB", (3000, 5000)), tmp_path).size) <= 1.5 * max(FRAME_PX) + 1


def test_a_torn_picture_is_a_permanent_failure_and_leaves_nothing(tmp_path: Path) -> None:
    Image.effect_noise((300, 300), 50).save(tmp_path / "whole.png")
    torn = tmp_path / "torn.png"
    torn.write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    with pytest.raises(BadMedia):
        import_picture(torn, tmp_path / "out.jpg", frame_px=FRAME_PX, still_wanted=always_wanted)
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize("at", range(1, 6))
def test_a_cancel_is_heard_at_once_and_leaves_no_file(tmp_path: Path, at: int) -> None:
    Image.new("RGBA", (1000, 1000)).save(tmp_path / "own.png")
    with pytest.raises(LeaseLost):
        import_picture(tmp_path / "own.png", tmp_path / "out.jpg", frame_px=FRAME_PX, still_wanted=canceled_at(at))
    assert [path.name for path in tmp_path.iterdir()] == ["own.png"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_largest_picture_is_imported_in_steps_that_hear_of_a_cancel(tmp_path: Path, kind: str) -> None:
    side_px = {"PNG": 6300, "WEBP": 3400}[kind]
    Image.radial_gradient("L").resize((side_px, side_px)).convert("RGBA").save(tmp_path / "own", kind)
    with asked_when() as asked:
        import_picture(tmp_path / "own", tmp_path / "out.jpg", frame_px=(4096, 4096), still_wanted=asked)
    assert asked.longest_s < LATEST_S
