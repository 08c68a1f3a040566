"""Type on the picture: the headline laid out in the quiet upper part, in the colour that reads best there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from app.domain.typeface import Typeface
from app.fonts import FILES
from app.providers.drawn.canvas import Floats
from app.providers.drawn.glyphs import font_at, font_for
from app.providers.drawn.headline import Headline
from app.providers.drawn.styles import Style
from app.providers.drawn.typesetting import MEASURING_PX, Setting, set_lines

# Motion enlarges the picture up to 1.14 times and captions begin at 60 % of the height: type keeps away from both.
LEFT, RIGHT, TOP = 0.135, 0.865, 0.14
BOTTOM_TALL, BOTTOM_WIDE = 0.475, 0.54
SMALLEST, SMALLEST_SUB = 0.042, 0.030  # shares of the short side
NARROW_FONT = FILES[Typeface.SOFIA]


@dataclass(frozen=True)
class Block:
    """Text at one size: baselines follow one another at `pitch_px`; `ink_top_px` is where its first capitals begin."""

    font: str
    setting: Setting
    pitch_px: float

    @property
    def cap_px(self) -> float:
        """Height of a capital letter: what the eye takes for the height of the line."""
        box = font_at(self.font, self.setting.size_px).getbbox("H", anchor="ls")
        return float(-box[1])

    @property
    def height_px(self) -> float:
        return self.cap_px + (len(self.setting.lines) - 1) * self.pitch_px


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


def lay_out(headline: Headline, style: Style, width_px: int, height_px: int, words_from: float = 0.0) -> Layout | None:
    """The headline as masks, or None when no font can write it or it cannot be set large enough to read.

    None of it stands above `words_from`, a share of the height.
    """
    unit = min(width_px, height_px)
    left, right = LEFT * width_px, RIGHT * width_px
    top = max(TOP, words_from) * height_px
    bottom = (BOTTOM_TALL if height_px >= width_px else BOTTOM_WIDE) * height_px
    # A line across a wide frame is hard to take in at a glance.
    box_width = min(right - left, 1.15 * unit)
    centred = style.centred and width_px <= height_px
    mark_px = 0.0 if style.rule == "none" else unit * 0.07
    sub_room = unit * 0.145 if headline.sub else 0.0

    largest = style.largest * (2.0 if headline.is_numbered else 1.0)
    main = set_block(
        headline.main,
        style.font,
        (box_width, bottom - top - mark_px - sub_room),
        style.leading,
        (int(SMALLEST * unit), int(largest * unit)),
    )
    if main is None:
        return None
    sub = None
    if headline.sub:
        share = 0.082 if headline.is_numbered else 0.062
        sub_sizes = (
            int(SMALLEST_SUB * unit),
            int(max(SMALLEST_SUB * unit, min(share * unit, 0.6 * main.setting.size_px))),
        )
        sub = set_block(headline.sub, style.sub_font, (box_width, sub_room - unit * 0.035), 1.22, sub_sizes)
    gap = max(unit * 0.048, main.pitch_px * 0.24) if sub else 0.0
    total = mark_px + main.height_px + gap + (sub.height_px if sub else 0.0)

    # Optical centring: a short block sits a little above the middle of its room, a tall one fills it.
    start = top + max(0.0, (bottom - top - total) * (0.42 if centred else 0.34))
    across = (width_px / 2, "ms") if centred else (left, "ls")
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
    text: str, preferred_font: str, box_px: tuple[float, float], leading: float, sizes_px: tuple[int, int]
) -> Block | None:
    """The text set in its font; a word too long for that is set in the narrow one."""
    for wish in (preferred_font, NARROW_FONT):
        font = font_for(text, wish)
        if font is None:
            return None
        setting = set_lines(text, partial(line_width, font), box_px, leading, sizes_px)
        # A single long word in tiny letters is a waste of a poster: the narrow face sets it half as large again.
        if setting and (wish == NARROW_FONT or not is_cramped(setting, sizes_px)):
            return Block(font, setting, setting.size_px * leading)
    return None


def is_cramped(setting: Setting, sizes_px: tuple[int, int]) -> bool:
    longest = max(len(word) for line in setting.lines for word in line.split())
    return longest > 16 and setting.size_px < 0.62 * sizes_px[1]


def line_width(font: str, line: str) -> float:
    return font_at(font, MEASURING_PX).getlength(line)


def draw_block(draw: ImageDraw.ImageDraw, block: Block, across: tuple[float, str], top: float) -> None:
    x, anchor = across
    font = font_at(block.font, block.setting.size_px)
    baseline = top + block.cap_px
    for line in block.setting.lines:
        # The side bearing of the first letter is taken back, so that big and small type share one left edge.
        shift = font.getbbox(line, anchor="ls")[0] if anchor == "ls" else 0
        draw.text((x - shift, baseline), line, fill=255, font=font, anchor=anchor)
        baseline += block.pitch_px


def draw_mark(draw: ImageDraw.ImageDraw, style: Style, across: tuple[float, str], top: int, unit: int) -> None:
    """The style's small accent above the words."""
    x, anchor = across
    widths = {"bar": (0.085, 0.017), "line": (0.11, 0.0055), "dot": (0.026, 0.026), "none": (0.0, 0.0)}
    wide, tall = (share * unit for share in widths[style.rule])
    if wide:
        left = x - wide / 2 if anchor == "ms" else x
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
