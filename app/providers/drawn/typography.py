"""Type on the picture: the headline laid out in the quiet upper part, in any script that captions know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from app.domain.bidi import base_level
from app.domain.errors import MissingGlyphs
from app.domain.typeface import Typeface
from app.fonts import font_path
from app.providers.drawn.canvas import Floats
from app.providers.drawn.headline import Headline
from app.providers.drawn.styles import Style
from app.providers.drawn.typesetting import MEASURING_PX, Setting, set_lines
from app.typography.lettering import drawable, main_face
from app.typography.line_setting import Line, SetLine, ink_of, set_line
from app.typography.title_setting import title_words
from app.typography.typefaces import SIZE_SCALE, Face, european, face_of, font_of

# Motion enlarges the picture up to 1.14 times and captions begin at 60 % of the height: type keeps away from both.
LEFT, RIGHT, TOP = 0.135, 0.865, 0.14
BOTTOM_TALL, BOTTOM_WIDE = 0.475, 0.54
SMALLEST, SMALLEST_SUB = 0.042, 0.030  # shares of the short side
# Between letters that fill their em, and between marks above and below letters, as shares of the size.
OTHER_LEADING, BETWEEN_MARKS = 1.18, 1.06

Side = Literal["left", "middle", "right"]


@dataclass(frozen=True)
class Manner:
    """How a text is written: its face for the European scripts, its base level (`bidi`) and the language of its Han."""

    face: Face
    base: int
    language: str

    def line(self, words: Line, size_px: float) -> SetLine:
        return set_line(words, size_px, base=self.base, language=self.language, main=self.face)


@dataclass(frozen=True)
class Block:
    """Text at one size: baselines follow one another at `pitch_px`.

    `above_px` and `below_px` are the reach above the first and below the last. Where there are capitals, that is their
    height, which the eye takes for the height of the line, and nothing.
    """

    lines: tuple[SetLine, ...]
    size_px: int
    pitch_px: float
    above_px: float
    below_px: float

    @property
    def height_px(self) -> float:
        return self.above_px + (len(self.lines) - 1) * self.pitch_px + self.below_px


@dataclass(frozen=True)
class Layout:
    """Masks (0..1) over the box at (`left`, `top`): `main` and `sub` for the words, `mark` for the ornament."""

    left: int
    top: int
    main: Floats
    sub: Floats
    mark: Floats

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the picture."""
        rows, columns = self.main.shape
        return self.left, self.top, self.left + columns, self.top + rows


def lay_out(
    headline: Headline, style: Style, width_px: int, height_px: int, words_from: float = 0.0, language: str = ""
) -> Layout | None:
    """The headline as masks, or None when no font can write it or it cannot be set large enough to read.

    None of it stands above `words_from`, a share of the height. What is written from the right stands on the right.
    """
    try:
        words, sub_words = drawable(headline.main), drawable(headline.sub or "")
    except MissingGlyphs:
        return None
    unit = min(width_px, height_px)
    left, right = LEFT * width_px, RIGHT * width_px
    top = max(TOP, words_from) * height_px
    bottom = (BOTTOM_TALL if height_px >= width_px else BOTTOM_WIDE) * height_px
    # A line across a wide frame is hard to take in at a glance.
    box_width = min(right - left, 1.15 * unit)
    centred = style.centred and width_px <= height_px
    mark_px = 0.0 if style.rule == "none" else unit * 0.07
    sub_room = unit * 0.145 if sub_words else 0.0
    base = base_level(f"{words} {sub_words}")

    largest = style.largest * (2.0 if headline.is_numbered else 1.0)
    main = set_block(
        words,
        face_of(style.typeface),
        (box_width, bottom - top - mark_px - sub_room),
        style.leading,
        (int(SMALLEST * unit), int(largest * unit)),
        base=base,
        language=language,
    )
    if main is None:
        return None
    sub = None
    if sub_words:
        share = 0.082 if headline.is_numbered else 0.062
        sub_sizes = (int(SMALLEST_SUB * unit), int(max(SMALLEST_SUB * unit, min(share * unit, 0.6 * main.size_px))))
        sub_face = Face(str(font_path(style.sub_font)))
        sub_box = (box_width, sub_room - unit * 0.035)
        sub = set_block(sub_words, sub_face, sub_box, 1.22, sub_sizes, base=base, language=language)
    gap = max(unit * 0.048, main.pitch_px * 0.24) if sub else 0.0
    total = mark_px + main.height_px + gap + (sub.height_px if sub else 0.0)

    # Optical centring: a short block sits a little above the middle of its room, a tall one fills it.
    start = top + max(0.0, (bottom - top - total) * (0.42 if centred else 0.34))
    across: tuple[float, Side] = (width_px / 2, "middle") if centred else (right, "right") if base else (left, "left")
    # Accents and descenders reach beyond the height of the capitals.
    margin = round(unit * 0.12)
    size = (width_px, round(total) + 2 * margin)
    masks = [Image.new("L", size, 0) for _ in range(3)]
    draw_mark(ImageDraw.Draw(masks[2]), style, across, margin, unit)
    draw_block(ImageDraw.Draw(masks[0]), main, across, margin + mark_px)
    if sub:
        draw_block(ImageDraw.Draw(masks[1]), sub, across, margin + mark_px + main.height_px + gap)
    return crop(masks, round(start) - margin)


def set_block(
    text: str,
    preferred: Face,
    box_px: tuple[float, float],
    leading: float,
    sizes_px: tuple[int, int],
    *,
    base: int = 0,
    language: str = "",
) -> Block | None:
    """The text (drawable) set in its face; a word too long for that is set in the narrow one. None when it cannot be.

    `leading` and the larger of `sizes_px` are what suit that face.
    """
    words = title_words(text)
    if not words:
        return None
    narrow = face_of(Typeface.SOFIA)
    for wish in (preferred, narrow):
        manner = Manner(main_face(text, [wish, face_of(Typeface.MANROPE), european()]), base, language)
        measured = manner.line(words, MEASURING_PX)
        has_capitals = all(stroke.face == manner.face for stroke in measured.strokes)
        apart, sizes, line_height = leading, sizes_px, 1.0
        if not has_capitals:
            line_height = max(line_height, sum(ink_of(measured, MEASURING_PX)) / MEASURING_PX)
            apart = max(leading, OTHER_LEADING, BETWEEN_MARKS * line_height)
            sizes = (sizes_px[0], max(sizes_px[0], int(sizes_px[1] / scale_of(wish))))
        setting = set_lines(words, partial(line_width, manner), box_px, apart, sizes, line_height)
        # A single long word in tiny letters is a waste of a poster: the narrow face sets it half as large again.
        if setting and (wish == narrow or not is_cramped(setting, sizes)):
            lines = tuple(manner.line(line, setting.size_px) for line in setting.lines)
            above_px, below_px = float(-font_of(manner.face, setting.size_px).getbbox("H", anchor="ls")[1]), 0.0
            if not has_capitals:
                above_px = max(above_px, ink_of(lines[0], setting.size_px)[0])
                below_px = ink_of(lines[-1], setting.size_px)[1]
            return Block(lines, setting.size_px, setting.size_px * apart, above_px, below_px)
    return None


def scale_of(face: Face) -> float:
    """By how much larger than Inter the face is set."""
    return next((scale for typeface, scale in SIZE_SCALE.items() if face_of(typeface) == face), 1.0)


def is_cramped(setting: Setting, sizes_px: tuple[int, int]) -> bool:
    longest = max(len(word.text) for line in setting.lines for word in line)
    return longest > 16 and setting.size_px < 0.62 * sizes_px[1]


def line_width(manner: Manner, line: Line) -> float:
    return manner.line(line, MEASURING_PX).width_px


def draw_block(draw: ImageDraw.ImageDraw, block: Block, across: tuple[float, Side], top: float) -> None:
    x, side = across
    baseline = top + block.above_px
    for line in block.lines:
        origin = x - _anchor(line, block.size_px, side)
        for stroke in line.strokes:
            font = font_of(stroke.face, block.size_px)
            xy = (origin + stroke.x_px, baseline)
            draw.text(xy, stroke.text, fill=255, font=font, anchor="ls", direction=stroke.direction)
        baseline += block.pitch_px


def _anchor(line: SetLine, size_px: int, side: Side) -> float:
    """Which of the line's own x stands at the block's edge or middle.

    The side bearing of the outermost letter is taken back, so that big and small type share one edge.
    """
    if side == "middle":
        return line.width_px / 2
    at = 0 if side == "left" else 2
    edges = [
        stroke.x_px + font_of(stroke.face, size_px).getbbox(stroke.text, anchor="ls", direction=stroke.direction)[at]
        for stroke in line.strokes
    ]
    return min(edges) if side == "left" else max(edges)


def draw_mark(draw: ImageDraw.ImageDraw, style: Style, across: tuple[float, Side], top: int, unit: int) -> None:
    """The style's small accent above the words."""
    x, side = across
    widths = {"bar": (0.085, 0.017), "line": (0.11, 0.0055), "dot": (0.026, 0.026), "none": (0.0, 0.0)}
    wide, tall = (share * unit for share in widths[style.rule])
    if wide:
        left = x - wide * {"left": 0.0, "middle": 0.5, "right": 1.0}[side]
        # Drawn four times as large and reduced, because Pillow's shapes have no half-tones of their own.
        big = Image.new("L", (round(wide * 4), round(tall * 4)), 0)
        pen = ImageDraw.Draw(big)
        if style.rule == "dot":
            pen.ellipse((0, 0, big.width - 1, big.height - 1), fill=255)
        else:
            pen.rectangle((0, 0, big.width, big.height), fill=255)
        draw.bitmap((round(left), top), big.resize((round(wide), max(2, round(tall))), Image.Resampling.BOX), fill=255)


def crop(masks: list[Image.Image], start: int) -> Layout:
    """The three masks cut to the ink that they have together."""
    boxes = [box for mask in masks if (box := mask.getbbox())]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    main, sub, mark = (
        np.float32(1 / 255) * np.asarray(mask.crop((left, top, right, bottom)), np.float32) for mask in masks
    )
    return Layout(left, start + top, main, sub, mark)
