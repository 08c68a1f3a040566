"""Where a cue's words stand on the frame: size, lines and baselines, inside the band that players leave free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.bidi import base_level
from app.domain.caption_style import CaptionPosition, CaptionStyle
from app.domain.captions import Cue
from app.domain.clusters import chars_of
from app.domain.free_band import PORTRAIT_FROM, free_band
from app.domain.word_cuts import is_figure, pieces_of
from app.typography.lettering import drawable
from app.typography.line_setting import Line, Run, SetLine, ink_of, set_line
from app.typography.typefaces import SIZE_SCALE, european, face_of

SIDE_MARGIN = 0.08  # of the width, each side: below it lie the buttons of the apps that play portrait video
LEAST_SHRINK = 0.7  # a line that would need to be smaller is cut in two instead
LINE_HEIGHT = 1.2  # of the font's size
CAP_HEIGHT = 0.727  # of the font's size; Inter's own
# How far ink reaches from the outer baselines, of the font's size: an accented capital, a descender.
ASCENT, DESCENT = 0.97, 0.27
CLEARANCE = 0.8  # of the font's size: between captions and what stands above them
BOX_PADDING = (0.42, 0.22)  # at the sides, and above and below; of the font's size


@dataclass(frozen=True)
class Layout:
    """`size_px` of the font; each line with its left edge and baseline in the frame, in pixels.

    `ascent` and `descent` are how far ink may reach from a baseline, shares of the size.
    """

    size_px: float
    lines: tuple[tuple[SetLine, float, float], ...]
    ascent: float
    descent: float

    @property
    def left_px(self) -> float:
        """Of the widest line. The block is centred, so that as much is left free on its right."""
        return min(x for _, x, _ in self.lines)

    @property
    def ink_top_px(self) -> float:
        return self.lines[0][2] - self.ascent * self.size_px

    @property
    def ink_bottom_px(self) -> float:
        return self.lines[-1][2] + self.descent * self.size_px


@dataclass(frozen=True)
class Placing:
    """The font's size before shrinking; and, as shares of the height, the block's middle and the band it stays in."""

    size_px: float
    middle: float
    top: float
    bottom: float


def placing_for(width_px: int, height_px: int, style: CaptionStyle) -> Placing:
    """Sizes are such that nearly every full line fits without shrinking."""
    shape = height_px / width_px
    if shape >= PORTRAIT_FROM:
        # The lower place is between the face of the picture and what apps lay over its foot.
        size_px, places = min(0.074 * width_px, 0.05 * height_px), (0.20, 0.50, 0.70)
    elif shape > 1 / 1.2:
        size_px, places = min(0.072 * width_px, 0.062 * height_px), (0.17, 0.50, 0.80)
    else:
        size_px, places = min(0.052 * height_px, 0.037 * width_px), (0.14, 0.50, 0.86)
    middle = dict(zip(CaptionPosition, places, strict=True))[style.position]
    return Placing(size_px * style.size.scale * SIZE_SCALE[style.font], middle, *free_band(width_px, height_px))


def foot_above_captions(width_px: int, height_px: int, style: CaptionStyle, lines: int) -> float:
    """The lowest place, in pixels from the top, of what stands clear above captions of so many lines.

    With captions at the top or in the middle that is the foot of the band.
    """
    placing = placing_for(width_px, height_px, style)
    if style.position != CaptionPosition.BOTTOM:
        return placing.bottom * height_px
    half_block = (ASCENT + DESCENT + LINE_HEIGHT * (lines - 1)) / 2 + BOX_PADDING[1]
    return placing.middle * height_px - (half_block + CLEARANCE) * placing.size_px


def lay_out(cue: Cue, width_px: int, height_px: int, style: CaptionStyle, language: str = "") -> Layout | None:
    """The cue's layout, or None when nothing of it can be drawn (emoji alone)."""
    lines = _drawable_lines(cue)
    base = base_level(cue.text)

    def set_at(line: Line, size_px: float) -> SetLine:
        return set_line(line, size_px, base=base, language=language, main=face_of(style.font))

    def width_of(line: Line) -> float:
        return set_at(line, placing.size_px).width_px

    if not lines:
        return None
    placing = placing_for(width_px, height_px, style)
    padding_x, padding_y = (0.0, 0.0) if style.box is None else BOX_PADDING
    room_px = width_px * (1 - 2 * SIDE_MARGIN) - 2 * padding_x * placing.size_px
    while (widest := max(lines, key=width_of)) and width_of(widest) * LEAST_SHRINK > room_px:
        halves = _halved(widest, width_of)
        if len(halves) == 1:
            break
        at = lines.index(widest)
        lines[at : at + 1] = halves
    size_px = placing.size_px * min(1.0, room_px / max(width_of(line) for line in lines))
    ascent, descent = _reach([set_at(line, placing.size_px) for line in lines], placing.size_px)
    line_height = LINE_HEIGHT + (ascent - ASCENT) + (descent - DESCENT)
    tall = ascent + descent + line_height * (len(lines) - 1) + 2 * padding_y
    size_px = min(size_px, (placing.bottom - placing.top) * height_px / tall)
    step_px = size_px * line_height
    # The block is centred on its capitals: descenders hang below, as the eye expects.
    first_baseline = placing.middle * height_px + size_px * CAP_HEIGHT / 2 - step_px * (len(lines) - 1) / 2
    # A tall block moves towards the middle of the frame rather than out of the band.
    highest = placing.top * height_px + (ascent + padding_y) * size_px
    lowest = placing.bottom * height_px - (descent + padding_y) * size_px - step_px * (len(lines) - 1)
    first_baseline = min(max(first_baseline, highest), lowest)
    placed = tuple(
        (typeset, (width_px - typeset.width_px) / 2, first_baseline + index * step_px)
        for index, typeset in enumerate(set_at(line, size_px) for line in lines)
    )
    return Layout(size_px, placed, ascent, descent)


def _drawable_lines(cue: Cue) -> list[Line]:
    lines = []
    word = 0
    for words in cue.lines:
        runs = []
        for spoken in words:
            if text := drawable(spoken.text).strip():
                runs.append(Run(text, word, spoken.glued))
            word += 1
        if runs:
            lines.append(tuple(runs))
    return lines


def _reach(lines: Sequence[SetLine], size_px: float) -> tuple[float, float]:
    """Ascent and descent: Inter's, or what the ink of another script needs."""
    others = [line for line in lines if any(stroke.face != european() for stroke in line.strokes)]
    inks = [ink_of(line, size_px) for line in others]
    return max([ASCENT, *(up / size_px for up, _ in inks)]), max([DESCENT, *(down / size_px for _, down in inks)])


def _halved(line: Line, width_of: Callable[[Line], float]) -> list[Line]:
    """Two lines as even as can be, cut between words or else within the only one; a lone character stays."""
    if len(line) > 1:
        cut = min(range(1, len(line)), key=lambda at: max(width_of(line[:at]), width_of(line[at:])))
        return [line[:cut], line[cut:]]
    (run,) = line
    if is_figure(run.text):
        return [line]
    # As even as two pieces of a word can be: where it is cut is the words' business.
    halves = pieces_of(run.text, chars_of(run.text) // 2 + 2)
    return [(replace(run, text=half.text, glued=False),) for half in halves]
