"""Pictures made smaller: as sharp as Pillow makes them, in whichever shape."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from app.media.shrink import shrunk

# Without black and white: which pass comes first decides what of a filter's swing is cut off there.
NOISE = np.random.default_rng(7).integers(85, 171, (300, 400, 3), np.uint8)


@pytest.mark.parametrize("size", [(200, 150), (311, 233), (340, 250), (40, 30), (1, 1)])
@pytest.mark.parametrize("box", [(0.0, 0.0, 400.0, 300.0), (31.25, 20.5, 380.75, 282.625)])
def test_it_shows_what_pillow_shows(size: tuple[int, int], box: tuple[float, float, float, float]) -> None:
    small = shrunk(NOISE, box, size)

    by_pillow = np.asarray(Image.fromarray(NOISE).resize(size, Image.Resampling.LANCZOS, box=box), np.int16)
    assert small.shape == by_pillow.shape
    assert np.abs(small - by_pillow).max() <= 2


@pytest.mark.parametrize("shape", [(1, 500, 3), (500, 1, 3), (2, 3, 3)])
def test_a_strip_is_no_harder_than_a_picture(shape: tuple[int, int, int]) -> None:
    height, width, _ = shape
    small = shrunk(np.full(shape, 200, np.uint8), (0.0, 0.0, width, height), (max(1, width // 3), max(1, height // 3)))
    assert np.unique(small).tolist() == [200]


def test_what_is_read_only_may_be_shrunk_and_stays_so() -> None:
    pixels = np.asarray(Image.fromarray(NOISE))
    shrunk(pixels, (0.0, 0.0, 400.0, 300.0), (100, 75))
    writable = NOISE.copy()
    shrunk(writable, (0.0, 0.0, 400.0, 300.0), (100, 75))
    assert (pixels.flags.writeable, writable.flags.writeable) == (False, True)
