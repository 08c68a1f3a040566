"""The warp against plain arithmetic: the same picture, within the rounding of its 7-bit weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.media.motion import Window
from app.media.picture_planes import PicturePlanes
from app.media.warp import FramePlanes, Warp

WIDTH_PX, HEIGHT_PX = 90, 160


def planes_of(luma: Any, cb: Any, cr: Any) -> PicturePlanes:
    return PicturePlanes(
        np.ascontiguousarray(luma.T), np.ascontiguousarray(cb.T), np.ascontiguousarray(cr.T), is_inset=False
    )


def picture(width: int, height: int, *, seed: int = 1) -> tuple[PicturePlanes, Any]:
    noise = np.random.default_rng(seed)
    luma, cb, cr = (
        noise.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    )
    return planes_of(luma, cb, cr), luma


def bilinear(plane: Any, x: Any, y: Any) -> Any:
    """`plane` at every crossing of the columns `x` and the rows `y`, in float, edges repeated."""
    x, y = np.clip(x, 0, plane.shape[1] - 1), np.clip(y, 0, plane.shape[0] - 1)
    left, top = np.minimum(x.astype(int), plane.shape[1] - 2), np.minimum(y.astype(int), plane.shape[0] - 2)
    across, down = x - left, (y - top)[:, None]
    upper = plane[top][:, left] * (1 - across) + plane[top][:, left + 1] * across
    lower = plane[top + 1][:, left] * (1 - across) + plane[top + 1][:, left + 1] * across
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize(
    "window", [Window(0, 0, 1), Window(0.05, 0.02, 0.9), Window(0.1134, 0.0411, 0.8866), Window(0.5, 0.5, 0.5)]
)
def test_a_window_shows_what_bilinear_sampling_would(window: Window) -> None:
    planes, luma = picture(104, 184)
    frame = FramePlanes.blank(WIDTH_PX, HEIGHT_PX)
    Warp(planes, WIDTH_PX, HEIGHT_PX).draw(window, frame)
    x = window.left * 104 - 0.5 + (np.arange(WIDTH_PX) + 0.5) * window.size * 104 / WIDTH_PX
    y = window.top * 184 - 0.5 + (np.arange(HEIGHT_PX) + 0.5) * window.size * 184 / HEIGHT_PX
    difference = np.abs(bilinear(luma.astype(float), x, y) - frame.luma)
    assert difference.max() <= 3 and difference.mean() < 0.6


def test_luma_and_chroma_show_the_same_place() -> None:
    """A vertical edge lies where it lies in both: a chroma sample sits on the left pixel of its pair."""
    luma = np.zeros((184, 104), np.uint8)
    luma[:] = np.arange(104) * 2
    # Each chroma sample of the source lies in the middle of its pair of columns.
    chroma = np.zeros((92, 52), np.uint8)
    chroma[:] = np.arange(52) * 4 + 1
    planes = planes_of(luma, chroma, chroma)
    frame = FramePlanes.blank(WIDTH_PX, HEIGHT_PX)
    Warp(planes, WIDTH_PX, HEIGHT_PX).draw(Window(0.06, 0.05, 0.88), frame)
    difference = frame.luma[::2, ::2].astype(int)[:, 2:-2] - frame.cb.astype(int)[:, 2:-2]
    assert np.abs(difference).max() <= 1


def test_a_fade_mixes_all_planes_by_its_share() -> None:
    frame, other = FramePlanes.blank(8, 8), FramePlanes.blank(8, 8)
    for plane in other.visible:
        plane[:] = 200
    frame.fade_to(other, 0.25)
    assert all((plane == 50).all() for plane in frame.visible)
