"""How a picture or video of any shape is fitted to a frame: filling it, or whole on its own blur. Sizes, no pixels."""

from __future__ import annotations

import math

Size = tuple[int, int]  # width, height in pixels
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels

OVERSAMPLE = 1.15  # of the frame: the closest zoom then still has a pixel of the picture for each of its own
# A picture within these bounds is used pixel for pixel: resampling it would only soften it.
LEAST_OVERSAMPLE, MOST_OVERSAMPLE = 1.13, 1.3
# What a picture that fills the frame is shrunk to when it is first read: well within those bounds.
KEPT_OVERSAMPLE = 1.2
# Cropping to a shape this different would lose too much; a picture or a video then sits on its own blur.
MOST_CROP = 1.6
# Small enough that the closest zoom does not cut into it.
INSET = 0.85
# An inset picture is cropped this much towards the frame's shape, so that it is no thin strip.
INSET_CROP = 1.25


def plane_size(frame: Size) -> Size:
    """OVERSAMPLE as large as the frame or a little more, both sides even."""
    width, height = (math.ceil(side * OVERSAMPLE / 2) * 2 for side in frame)
    return width, height


def is_inset(picture: Size, frame: Size) -> bool:
    shape, frame_shape = picture[0] / picture[1], frame[0] / frame[1]
    # Shrinking a picture rounds its sides, and must not change how it is fitted.
    return max(frame_shape / shape, shape / frame_shape) > MOST_CROP * 1.005


def inset_size(picture: Size, frame: Size) -> Size:
    """How large the picture is that sits on its own blur."""
    width, height = _largest_within(plane_size(frame), picture)
    return max(1, round(INSET * width)), max(1, round(INSET * height))


def inset_footage_size(video: Size, frame: Size) -> Size:
    """How large the video is that sits on its own blur, sides even. It reaches the edges: no camera moves over it."""
    width, height = _largest_within(frame, video)
    return max(2, round(width / 2) * 2), max(2, round(height / 2) * 2)


def _largest_within(canvas: Size, picture: Size) -> tuple[float, float]:
    """The size at which the picture, cropped by INSET_CROP, just fits into the canvas."""
    shape, canvas_shape = picture[0] / picture[1], canvas[0] / canvas[1]
    shape = max(canvas_shape, shape / INSET_CROP) if shape > canvas_shape else min(canvas_shape, shape * INSET_CROP)
    width = min(canvas[0], canvas[1] * shape)
    return width, width / shape


def cover_box(picture: Size, shape: float) -> Box:
    """The largest box of the shape (width ÷ height) in the middle of the picture."""
    width, height = min(picture[0], picture[1] * shape), min(picture[1], picture[0] / shape)
    left, top = (picture[0] - width) / 2, (picture[1] - height) / 2
    return left, top, left + width, top + height


def useful_scale(picture: Size, frame: Size) -> float:
    """To what share of its size the picture can be shrunk without a loss in this frame; 1 for a small one."""
    if is_inset(picture, frame):
        width, height = inset_size(picture, frame)
        left, _, right, _ = cover_box(picture, width / height)
        return min(1.0, width / (right - left))
    return min(1.0, max(frame[0] / picture[0], frame[1] / picture[1]) * KEPT_OVERSAMPLE)
