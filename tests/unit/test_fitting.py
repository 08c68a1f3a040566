"""A picture fitted to a frame: shrinking it for storage changes neither how it sits nor what is seen of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.media.fitting import (
    LEAST_OVERSAMPLE,
    MOST_OVERSAMPLE,
    Size,
    cover_box,
    inset_footage_size,
    inset_size,
    is_inset,
    plane_size,
    useful_scale,
)

sides = st.integers(40, 8000)
frames = st.sampled_from([(1080, 1920), (1920, 1080), (1080, 1080), (360, 640), (720, 1280)])


def shrunk(picture: Size, frame: Size) -> Size:
    scale = useful_scale(picture, frame)
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


@given(st.tuples(sides, sides).filter(lambda size: max(size) < 8 * min(size)), frames)
def test_a_shrunk_picture_still_has_a_pixel_for_each_that_is_shown(picture: Size, frame: Size) -> None:
    kept = shrunk(picture, frame)
    if kept == picture or is_inset(picture, frame) != is_inset(kept, frame):
        return
    if is_inset(picture, frame):
        shown = inset_size(kept, frame)
        left, top, right, bottom = cover_box(kept, shown[0] / shown[1])
        assert right - left >= 0.97 * shown[0] - 1 and bottom - top >= 0.97 * shown[1] - 1
    else:
        left, _, right, _ = cover_box(kept, frame[0] / frame[1])
        assert LEAST_OVERSAMPLE <= (right - left) / frame[0] <= MOST_OVERSAMPLE


@given(st.tuples(sides, sides).filter(lambda size: max(size) < 8 * min(size)), frames)
def test_a_video_on_its_own_blur_touches_two_edges_and_passes_none(video: Size, frame: Size) -> None:
    width, height = inset_footage_size(video, frame)
    assert width % 2 == height % 2 == 0 and width <= frame[0] and height <= frame[1]
    assert width == frame[0] or height == frame[1]


def test_a_picture_at_the_border_between_the_two_fits_stays_on_its_side() -> None:
    assert not is_inset((2560, 1600), (1080, 1080))
    assert not is_inset(shrunk((2560, 1600), (1080, 1080)), (1080, 1080))


def test_a_small_picture_is_kept_as_it_is() -> None:
    assert shrunk((1080, 1920), (1080, 1920)) == (1080, 1920)
    assert shrunk((640, 480), (1080, 1920)) == (640, 480)


def test_planes_have_room_for_the_closest_zoom() -> None:
    assert plane_size((1080, 1920)) == (1242, 2208)
