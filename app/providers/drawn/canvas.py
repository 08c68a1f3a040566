"""The canvas: float pixels, and the few marks that every composition is made of.

Pixels stay in floating point until the end, so that gradients meet the grain before they are rounded
and never band. Every mark is anti-aliased and touches only its own bounding box. Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.providers.drawn.palettes import Colour

Floats = NDArray[np.float32]

SUBPIXEL_BITS = 4
STRIP_PX = 32
CLEAR_OF_WORDS = 0.02  # of the unit, between a heading and what stands out of the picture
OUTERMOST = 0.9  # of the width: how far to the side the camera still sees what stands out


class Canvas:
    """`pixels` is height × width × 3, RGB, sRGB-encoded 0..255. `unit` is the measure of all marks.

    A `paint` is a colour (3,), a ramp (n, 3) that runs down the mark from its top to its bottom, or, for `blend`,
    an image as large as the mask. `still_wanted` is called before every mark, and may raise.
    """

    def __init__(
        self, width: int, height: int, still_wanted: Callable[[], None], words: tuple[int, int, int, int] | None = None
    ) -> None:
        """`words` is where a heading will stand: left, top, right and bottom."""
        self.words = words
        self.width = width
        self.height = height
        self.still_wanted = still_wanted
        # In wide and square frames the marks are smaller, or they would reach up into the words.
        self.unit = min(width, round(0.72 * height))
        self.pixels: Floats = np.zeros((height, width, 3), np.float32)

    def aside(self, rng: np.random.Generator) -> float:
        """An x for the eye-catcher: anywhere under the words of a tall frame, beside the words of a wide one."""
        return self.width * float(rng.uniform(0.7, 0.86) if self.width > self.height else rng.uniform(0.26, 0.76))

    def clear_of_words(self, x: float, y: float, radius: float) -> tuple[float, float]:
        """Where a disc at (`x`, `y`) goes so that the heading does not run into it: down, or in a wide frame aside."""
        if self.words is None:
            return x, y
        left, _, right, bottom = self.words
        apart = radius + CLEAR_OF_WORDS * self.unit
        if not left - apart < x < right + apart or y >= bottom + apart:
            return x, y
        if self.width > self.height and right + apart <= OUTERMOST * self.width:
            return right + apart, y
        return x, bottom + apart

    def backdrop(self, ramp: Floats) -> None:
        """Fill everything with `ramp` from the top to the bottom."""
        self.still_wanted()
        self.pixels[:] = stretch(ramp, self.height)[:, None]

    def field(self, values: Floats, ramp: Floats) -> None:
        """Fill everything by looking `values` (0..1, any resolution; smooth) up in `ramp`."""
        self.still_wanted()
        index = np.clip(values * (len(ramp) - 1), 0, len(ramp) - 1).astype(np.int32)
        cv2.resize(ramp[index], (self.width, self.height), dst=self.pixels, interpolation=cv2.INTER_CUBIC)

    def blend(self, mask: Floats, left: int, top: int, paint: Floats) -> None:
        """Lay `paint` over the box at (`left`, `top`) as far as `mask` (0..1) says."""
        self.still_wanted()
        rows, columns = mask.shape
        region = self.pixels[top : top + rows, left : left + columns]
        colours = paint
        if paint.ndim < 3:
            down = np.broadcast_to(paint, (rows, 3)) if paint.ndim == 1 else stretch(paint, rows)
            colours = np.broadcast_to(down[:, None], (rows, columns, 3))
        # OpenCV's blend is four times as fast as the same in numpy; in strips, so that all of it stays in the cache.
        for first in range(0, rows, STRIP_PX):
            strip = slice(first, min(first + STRIP_PX, rows))
            share = np.ascontiguousarray(mask[strip], np.float32)
            solid = np.ascontiguousarray(colours[strip])
            region[strip] = cv2.blendLinear(solid, np.ascontiguousarray(region[strip]), share, 1 - share)

    def polygon(self, points: NDArray[np.floating], paint: Floats, alpha: float = 1.0) -> None:
        """A filled polygon; `points` is n × 2 and may lie outside the canvas."""
        self.polygons([points], paint, alpha)

    def polygons(self, shapes: Sequence[NDArray[np.floating]], paint: Floats, alpha: float = 1.0) -> None:
        """Several polygons as one shape: where two overlap the paint is not laid twice."""
        outlines = [np.asarray(shape, np.float64) for shape in shapes]
        box = self._box(np.concatenate(outlines), margin=2)
        if box is None:
            return
        left, top, right, bottom = box
        mask = np.zeros((bottom - top, right - left), np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [fixed_point(outline - (left, top))], 255, cv2.LINE_AA, SUBPIXEL_BITS)
        self.blend(mask * np.float32(alpha / 255), left, top, paint)

    def strokes(
        self,
        lines: Sequence[NDArray[np.floating]] | NDArray[np.floating],
        width: float,
        paint: Floats,
        alpha: float | Sequence[float] = 1.0,
    ) -> None:
        """Polylines of one width, laid as one shape; `alpha` may differ from line to line."""
        outlines = [np.asarray(line, np.float64) for line in lines]
        if not outlines:
            return
        alphas = [alpha] * len(outlines) if isinstance(alpha, float) else alpha
        box = self._box(np.concatenate(outlines), margin=int(width) + 2)
        if box is None:
            return
        left, top, right, bottom = box
        mask = np.zeros((bottom - top, right - left), np.uint8)
        for outline, strength in zip(outlines, alphas, strict=True):
            points = [fixed_point(outline - (left, top))]
            cv2.polylines(mask, points, False, 255 * strength, max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)
        self.blend(mask * np.float32(1 / 255), left, top, paint)

    def disc(self, x: float, y: float, radius: float, paint: Floats, alpha: float = 1.0, blur: float = 1.0) -> None:
        """A disc whose edge is `blur` pixels wide."""
        box = self._box(np.array([[x - radius, y - radius], [x + radius, y + radius]]), margin=int(blur) + 2)
        if box is None:
            return
        distance = distances(box, x, y)
        mask = np.clip((radius - distance) / blur + 0.5, 0, 1)
        self.blend(mask * np.float32(alpha), box[0], box[1], paint)

    def ring(
        self,
        x: float,
        y: float,
        radius: float,
        width: float,
        paint: Floats,
        alpha: float = 1.0,
        turn: tuple[float, float] | None = None,
    ) -> None:
        """A circle's line, or the arc of it between two turns (0 is up, 0.25 is right) with round ends."""
        reach = radius + width / 2
        box = self._box(np.array([[x - reach, y - reach], [x + reach, y + reach]]), margin=2)
        if box is None:
            return
        distance = np.abs(distances(box, x, y) - np.float32(radius))
        if turn is not None:
            distance = np.where(within_turn(box, x, y, turn), distance, np.float32(1e6))
            for end in turn:
                angle = end * 2 * np.pi
                tip = distances(box, x + radius * np.sin(angle), y - radius * np.cos(angle))
                distance = np.minimum(distance, tip)
        mask = np.clip(np.float32(width / 2 + 0.5) - distance, 0, 1)
        self.blend(mask * np.float32(alpha), box[0], box[1], paint)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that falls off from a point to nothing at `radius`."""
        box = self._box(np.array([[x - radius, y - radius], [x + radius, y + radius]]), margin=0)
        if box is None:
            return
        left, top, right, bottom = box
        # Light is smooth: an eighth of the resolution is plenty and costs a sixty-fourth.
        small_x = np.linspace(left, right, max(2, (right - left) // 8), dtype=np.float32)
        small_y = np.linspace(top, bottom, max(2, (bottom - top) // 8), dtype=np.float32)
        falloff = np.clip(1 - np.hypot(small_x[None] - x, small_y[:, None] - y) / radius, 0, 1).astype(np.float32)
        mask = cv2.resize(falloff**2 * strength, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        self.blend(mask, left, top, colour)

    def _box(self, points: NDArray[np.floating], margin: int) -> tuple[int, int, int, int] | None:
        """The part of the points' bounding box that is on the canvas: left, top, right, bottom."""
        low = np.floor(points.min(axis=0)).astype(int) - margin
        high = np.ceil(points.max(axis=0)).astype(int) + margin
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(self.width, int(high[0])), min(self.height, int(high[1]))
        return (left, top, right, bottom) if left < right and top < bottom else None


def stretch(ramp: Floats, steps: int) -> Floats:
    """`ramp` resampled to `steps` colours."""
    rows = cv2.resize(ramp[:, None], (1, max(1, steps)), interpolation=cv2.INTER_LINEAR)
    return np.asarray(rows[:, 0], np.float32)


def distances(box: tuple[int, int, int, int], x: float, y: float) -> Floats:
    """Distance of every pixel centre of `box` from (x, y)."""
    left, top, right, bottom = box
    across = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) ** 2
    down = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)) ** 2
    lengths: Floats = np.sqrt(across[None] + down[:, None])
    return lengths


def within_turn(box: tuple[int, int, int, int], x: float, y: float, turn: tuple[float, float]) -> NDArray[np.bool_]:
    """Which pixels of `box` lie in the sector between two turns around (x, y)."""
    left, top, right, bottom = box
    across = np.arange(left, right, dtype=np.float32)[None] - np.float32(x)
    down = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(y)
    angle = np.arctan2(across, -down) / (2 * np.pi)
    inside: NDArray[np.bool_] = np.mod(angle - turn[0], 1.0) <= turn[1] - turn[0]
    return inside


def fixed_point(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Coordinates as OpenCV's fixed-point integers, shifted so that whole numbers are pixel corners."""
    return np.round((points - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
