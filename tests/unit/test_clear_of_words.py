"""What stands out of a painted picture keeps clear of its heading, which can be read in each of its letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.typeface import Typeface
from app.providers.drawn import painting
from app.providers.drawn.canvas import Canvas
from app.providers.drawn.choice import look_for
from app.providers.drawn.legibility import ground_luminance
from app.providers.drawn.palettes import luminance
from app.providers.drawn.stage import Mood, set_stage
from app.providers.drawn.typography import Layout
from app.providers.protocols import PictureRequest

SIZES = [(216, 384), (384, 216), (256, 256), (216, 270)]


def nobody_minds() -> None:
    pass


@given(
    st.sampled_from(SIZES),
    st.floats(0, 1),
    st.floats(0.4, 0.6),
    st.floats(0.03, 0.2),
    st.floats(0.3, 0.9),
    st.floats(0.2, 0.54),
)
def test_a_disc_that_would_run_into_the_heading_goes_down_or_aside(
    size: tuple[int, int], x: float, y: float, share: float, right: float, bottom: float
) -> None:
    width, height = size
    words = (int(0.13 * width), int(0.14 * height), int(right * width), int(bottom * height))
    canvas = Canvas(width, height, nobody_minds, words)
    radius = share * canvas.unit
    found_x, found_y = canvas.clear_of_words(x * width, y * height, radius)
    is_aside = not words[0] - radius < found_x < words[2] + radius
    assert is_aside or found_y - radius >= words[3]
    assert found_y >= y * height


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("composition", ["dunes", "city", "forest", "leaves", "ridges", "sea", "planet"])
def test_no_sun_and_no_moon_stands_behind_a_heading(composition: str, size: tuple[int, int]) -> None:
    """A glow is soft; the edge of a disc would be a jump from one pixel to the next."""
    title = "Harbour bridge closed after the night storm"
    for number in range(1, 7):
        request = PictureRequest("…", title, number, 6, number, *size, oversample=1.0, heading_font=Typeface.FRAUNCES)
        words = painting.lay_out(painting.headline(title), look_for(request).style, *size)  # type: ignore[arg-type]
        assert words is not None
        canvas = Canvas(*size, nobody_minds)
        stage = set_stage(look_for(request).palette, Mood.VIVID, painting.dice(request, "composition"))
        painting.perform(painting.Deal(composition, number), canvas, stage, words.box)
        left, top, right, bottom = words.box
        # In a wide frame a summit may reach to the foot of a long heading: it is as dark as the rest of the land.
        light = luminance(canvas.pixels[top : min(bottom, int(0.47 * size[1])), left:right])
        # Stars are points, and fall within the hundredth of pixels that may be anything.
        for axis in (0, 1):
            assert np.percentile(np.abs(np.diff(light, axis=axis)), 99.5) < 0.06, (number, axis)


def test_a_heading_whose_last_word_lies_on_a_sun_is_judged_by_that_word() -> None:
    canvas = Canvas(400, 400, nobody_minds)
    canvas.backdrop(np.zeros((2, 3), np.float32))
    # Strokes as of letters, the end of the last line over a light disc: less than a hundredth of the ink.
    letters = np.zeros((240, 360), np.float32)
    letters[:, ::12] = letters[:, 1::12] = 1
    blank = np.zeros_like(letters)
    layout = Layout(20, 20, letters, blank, blank)
    assert ground_luminance(canvas, layout, letters) == (0, 0)
    canvas.disc(380, 260, 26, np.full(3, 255, np.float32))
    assert ground_luminance(canvas, layout, letters)[1] > 0.5


def test_without_a_heading_nothing_moves() -> None:
    assert Canvas(10, 10, nobody_minds).clear_of_words(5, 5, 3) == (5, 5)
