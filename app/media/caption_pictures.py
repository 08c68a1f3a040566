"""Captions drawn once per state, and laid over the frames' YCbCr planes in their bounding box.

By default white letters in an outline over a soft shadow, or else on a filled box; the spoken word in
a colour of its own. A cue's shapes are drawn once, for its states differ in nothing but the colour of one word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from app.domain.caption_style import CaptionStyle, rgb_of
from app.domain.captions import CaptionSpan, Cue
from app.media.caption_layout import BOX_PADDING, Layout, lay_out
from app.media.colour import ycbcr_of
from app.media.stamp import Mask, Stamp, fixed
from app.media.warp import FramePlanes
from app.typography.typefaces import font_of

SHADOW_COLOUR = "#000000"
# All shares of the font's size.
OUTLINE = 0.075
SHADOW_BLUR = 0.09
SHADOW_DROP = 0.06
SHADOW_STRENGTH = 0.6
BOX_RADIUS = 0.3
INVISIBLE_STEP = 1e-6  # levels; what is left of equal colours by float error
VISIBLE = 0.02  # coverage from which a pixel counts as drawn

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class _CueShapes:
    """A cue's letters from an even corner of the frame. Masks are 0 to 1, and shares of a pixel that lie side by side:
    `fill` is the letters', `outline` what their outline has beside them, and the rest of `cover` the ground's.

    The ground is the shadow or the box. `word_areas` are the parts of `fill` that each word owns, as
    (word, rows, columns).
    """

    left: int
    top: int
    fill: Mask
    outline: Mask | None
    cover: Mask
    word_areas: tuple[tuple[int, slice, slice], ...]


class CaptionTrack:
    """The captions of one clip, drawn as they come up.

    `box` is the union of all that was drawn so far: left, top, right, bottom in pixels.
    """

    def __init__(
        self,
        spans: Sequence[CaptionSpan],
        width_px: int,
        height_px: int,
        style: CaptionStyle,
        language: str = "",
    ) -> None:
        self._width_px, self._height_px, self._style = width_px, height_px, style
        # Laid out before the first frame, so that a missing glyph costs no encoding.
        cues = dict.fromkeys(span.cue for span in spans)
        self._layouts = {cue: lay_out(cue, width_px, height_px, style, language) for cue in cues}
        self._coming = list(reversed(spans))
        self._span: CaptionSpan | None = None
        self._stamp: Stamp | None = None
        self._cue: Cue | None = None
        self._shapes: _CueShapes | None = None
        self.box: Box | None = None

    def lay_over(self, frame_number: int, frame: FramePlanes) -> None:
        """Draw what is due in this frame; frames come in order."""
        while self._coming and self._coming[-1].first_frame <= frame_number:
            self._span = self._coming.pop()
            self._stamp = self._draw(self._span)
        if self._stamp and self._span and frame_number < self._span.end_frame:
            self._stamp.lay_over(frame)

    def _draw(self, span: CaptionSpan) -> Stamp | None:
        if span.cue is not self._cue:
            self._cue = span.cue
            layout = self._layouts[span.cue]
            self._shapes = draw_shapes(layout, self._width_px, self._height_px, self._style) if layout else None
            if self._shapes:
                self.box = _union(self.box, _box_of(self._shapes))
        return colour(self._shapes, span.highlighted, self._style) if self._shapes else None


def draw_shapes(layout: Layout, width_px: int, height_px: int, style: CaptionStyle) -> _CueShapes:
    """Draw the letters of a cue in the smallest even-cornered box of the frame that holds them and what is around."""
    size_px = layout.size_px
    outline_px = max(1.0, OUTLINE * size_px)
    around_px = outline_px + (3 * SHADOW_BLUR + SHADOW_DROP) * size_px
    if style.box is not None:
        around_px = max(around_px, max(BOX_PADDING) * size_px + 1)
    left = _even_down(max(0.0, layout.left_px - around_px))
    right = _even_up(min(width_px, width_px - layout.left_px + around_px))
    # A little more than the ink is said to reach: nothing is cut off by a rounding.
    top = _even_down(max(0.0, layout.lines[0][2] - (layout.ascent + 0.18) * size_px - around_px))
    bottom = _even_up(min(height_px, layout.lines[-1][2] + (layout.descent + 0.08) * size_px + around_px))
    fill_picture = Image.new("L", (right - left, bottom - top))
    outlined_picture = fill_picture.copy()
    fill_pen, outline_pen = ImageDraw.Draw(fill_picture), ImageDraw.Draw(outlined_picture)
    areas = []
    for number, (line, x, baseline) in enumerate(layout.lines):
        at = (x - left, baseline - top)
        for stroke in line.strokes:
            xy, font = (at[0] + stroke.x_px, at[1]), font_of(stroke.face, size_px)
            fill_pen.text(xy, stroke.text, 255, font, "ls", direction=stroke.direction)
            if style.box is None:
                outline_pen.text(xy, stroke.text, 255, font, "ls", direction=stroke.direction, stroke_width=outline_px)
        # Lines share the space between them at the foot of the upper one's descenders.
        foot = slice(
            0 if number == 0 else round(layout.lines[number - 1][2] - top + layout.descent * size_px),
            None if number == len(layout.lines) - 1 else round(baseline - top + layout.descent * size_px),
        )
        edges = [0, *(round(at[0] + end_px) for _, end_px in line.shares)]
        edges[-1] = right - left  # letters may overhang the ends of a line
        areas += [(word, foot, slice(edges[i], edges[i + 1])) for i, (word, _) in enumerate(line.shares)]
    fill = np.asarray(fill_picture, np.float32) / 255
    if style.box is not None:
        ground = _filled_box(layout, width_px, (left, top, right, bottom)) * np.float32(style.box.opacity)
        return _CueShapes(left, top, fill, None, 1 - (1 - ground) * (1 - fill), tuple(areas))
    outlined = np.asarray(outlined_picture, np.float32) / 255
    shadow = cv2.GaussianBlur(outlined, (0, 0), SHADOW_BLUR * size_px)
    drop = np.array([[1, 0, 0], [0, 1, SHADOW_DROP * size_px]], np.float32)
    shadow = cv2.warpAffine(shadow, drop, (right - left, bottom - top)) * SHADOW_STRENGTH
    cover = np.maximum(1 - (1 - outlined) * (1 - shadow), fill)
    return _CueShapes(left, top, fill, np.maximum(outlined - fill, 0), cover, tuple(areas))


def _filled_box(layout: Layout, width_px: int, area: Box) -> Mask:
    """A rectangle with round corners behind all lines, 0 to 1, in `area` of the frame."""
    left, top, right, bottom = area
    padding_x, padding_y = (padding * layout.size_px for padding in BOX_PADDING)
    edges = (
        layout.left_px - padding_x - left,
        layout.ink_top_px - padding_y - top,
        width_px - layout.left_px + padding_x - left,
        layout.ink_bottom_px + padding_y - top,
    )
    # Drawn four times as large and averaged: Pillow draws hard edges.
    large = Image.new("L", (4 * (right - left), 4 * (bottom - top)))
    corners = [round(4 * edge) for edge in edges]
    ImageDraw.Draw(large).rounded_rectangle(corners, round(4 * BOX_RADIUS * layout.size_px), fill=255)
    return np.asarray(large.reduce(4), np.float32) / 255


def colour(shapes: _CueShapes, highlighted: int | None, style: CaptionStyle) -> Stamp:
    """The state of a cue in which the word `highlighted` (None: no word) has the highlight colour."""
    text = ycbcr_of(rgb_of(style.colour))
    accent = ycbcr_of(rgb_of(style.highlight_colour))
    ground = ycbcr_of(rgb_of(SHADOW_COLOUR if style.box is None else style.box.colour))
    spoken: Mask = np.zeros_like(shapes.fill)
    for word, rows, columns in shapes.word_areas:
        if word == highlighted:
            spoken[rows, columns] = shapes.fill[rows, columns]
    # Each colour as how it differs from the one beneath: neutral ones do so in luma alone, and cost chroma nothing.
    layers = [(shapes.fill, text, ground), (spoken, accent, text)]
    if shapes.outline is not None:
        layers.append((shapes.outline, ycbcr_of(rgb_of(style.outline_colour)), ground))
    half = (shapes.fill.shape[1] // 2, shapes.fill.shape[0] // 2)
    cover, half_cover = shapes.cover, cv2.resize(shapes.cover, half, interpolation=cv2.INTER_AREA)
    luma, cb, cr = cover * ground[0], half_cover * ground[1], half_cover * ground[2]
    for mask, over, under in layers:
        steps = [one - other for one, other in zip(over, under, strict=True)]
        if abs(steps[0]) > INVISIBLE_STEP:
            luma = luma + mask * steps[0]
        if max(abs(steps[1]), abs(steps[2])) > INVISIBLE_STEP:
            half_mask = cv2.resize(mask, half, interpolation=cv2.INTER_AREA)
            cb = cb + half_mask * steps[1]
            cr = cr + half_mask * steps[2]
    return Stamp(
        shapes.left,
        shapes.top,
        luma_ink=fixed(luma),
        luma_keep=fixed(1 - cover),
        cb_ink=fixed(cb),
        cr_ink=fixed(cr),
        chroma_keep=fixed(1 - half_cover),
    )


def _box_of(shapes: _CueShapes) -> Box | None:
    rows = np.flatnonzero((shapes.cover > VISIBLE).any(axis=1))
    columns = np.flatnonzero((shapes.cover > VISIBLE).any(axis=0))
    if not rows.size:
        return None
    return (
        shapes.left + int(columns[0]),
        shapes.top + int(rows[0]),
        shapes.left + int(columns[-1]) + 1,
        shapes.top + int(rows[-1]) + 1,
    )


def _union(one: Box | None, other: Box | None) -> Box | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _even_down(value: float) -> int:
    return math.floor(value / 2) * 2


def _even_up(value: float) -> int:
    return math.ceil(value / 2) * 2
