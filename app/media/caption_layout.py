"""Where a cue's words stand on the frame: size, lines and baselines, inside the band that players leave free."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.caption_style import CaptionPosition, CaptionStyle
from app.domain.caption_tokens import clusters_of
from app.domain.captions import Cue
from app.media.lettering import caption_font, drawable

SIDE_MARGIN = 0.08  # of the width, each side: below it lie the buttons of the apps that play portrait video
LEAST_SHRINK = 0.7  # a line that would need to be smaller is cut in two instead
LINE_HEIGHT = 1.2  # of the font's size
CAP_HEIGHT = 0.727  # of the font's size; Inter's own
# How far ink reaches from the outer baselines, of the font's size: an accented capital, a descender.
ASCENT, DESCENT = 0.97, 0.27
BOX_PADDING = (0.42, 0.22)  # at the sides, and above and below; of the font's size


@dataclass(frozen=True)
class Run:
    """One word, or a piece of one, as drawn. `word` counts into the cue's words."""

    text: str
    word: int


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Layout:
    """`size_px` of the font; each line with its left edge and baseline in the frame, in pixels."""

    size_px: float
    lines: tuple[tuple[Line, float, float], ...]

    @property
    def left_px(self) -> float:
        """Of the widest line. The block is centred, so that as much is left free on its right."""
        return min(x for _, x, _ in self.lines)

    @property
    def ink_top_px(self) -> float:
        return self.lines[0][2] - ASCENT * self.size_px

    @property
    def ink_bottom_px(self) -> float:
        return self.lines[-1][2] + DESCENT * self.size_px


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
    if shape >= 1.5:
        # The lower place is between the face of the picture and the title that TikTok, Reels and Shorts lay over
        # the lowest quarter; the upper one is below their tabs and search.
        size_px, places, band = min(0.074 * width_px, 0.05 * height_px), (0.20, 0.50, 0.70), (0.12, 0.80)
    elif shape > 1 / 1.2:
        size_px, places, band = min(0.072 * width_px, 0.062 * height_px), (0.17, 0.50, 0.80), (0.05, 0.95)
    else:
        size_px, places, band = min(0.052 * height_px, 0.037 * width_px), (0.14, 0.50, 0.86), (0.05, 0.95)
    middle = dict(zip(CaptionPosition, places, strict=True))[style.position]
    return Placing(size_px * style.size.scale, middle, *band)


def lay_out(cue: Cue, width_px: int, height_px: int, style: CaptionStyle) -> Layout | None:
    """The cue's layout, or None when nothing of it can be drawn (emoji alone)."""
    lines = _drawable_lines(cue)
    if not lines:
        return None
    placing = placing_for(width_px, height_px, style)
    padding_x, padding_y = (0.0, 0.0) if style.box is None else BOX_PADDING
    room_px = width_px * (1 - 2 * SIDE_MARGIN) - 2 * padding_x * placing.size_px
    while (widest := max(lines, key=lambda line: _width_px(line, placing.size_px))) and (
        _width_px(widest, placing.size_px) * LEAST_SHRINK > room_px
    ):
        halves = _halved(widest, placing.size_px)
        if len(halves) == 1:
            break
        at = lines.index(widest)
        lines[at : at + 1] = halves
    size_px = placing.size_px * min(1.0, room_px / max(_width_px(line, placing.size_px) for line in lines))
    tall = ASCENT + DESCENT + LINE_HEIGHT * (len(lines) - 1) + 2 * padding_y
    size_px = min(size_px, (placing.bottom - placing.top) * height_px / tall)
    step_px = size_px * LINE_HEIGHT
    # The block is centred on its capitals: descenders hang below, as the eye expects.
    first_baseline = placing.middle * height_px + size_px * CAP_HEIGHT / 2 - step_px * (len(lines) - 1) / 2
    # A tall block moves towards the middle of the frame rather than out of the band.
    highest = placing.top * height_px + (ASCENT + padding_y) * size_px
    lowest = placing.bottom * height_px - (DESCENT + padding_y) * size_px - step_px * (len(lines) - 1)
    first_baseline = min(max(first_baseline, highest), lowest)
    return Layout(
        size_px,
        tuple(
            (line, (width_px - _width_px(line, size_px)) / 2, first_baseline + index * step_px)
            for index, line in enumerate(lines)
        ),
    )


def line_text(line: Line) -> str:
    return " ".join(run.text for run in line)


def word_edges_px(line: Line, size_px: float) -> list[float]:
    """Where each run's share of the line begins, from the line's left edge, and where the last ends.

    An edge lies in the middle of the space between two runs.
    """
    font = caption_font(size_px)
    space = font.getlength(" ")
    lengths = [font.getlength(line_text(line[:count])) for count in range(1, len(line))]
    return [0.0, *(length + space / 2 for length in lengths), _width_px(line, size_px)]


def _drawable_lines(cue: Cue) -> list[Line]:
    lines = []
    word = 0
    for words in cue.lines:
        runs = []
        for spoken in words:
            if text := drawable(spoken.text).strip():
                runs.append(Run(text, word))
            word += 1
        if runs:
            lines.append(tuple(runs))
    return lines


def _width_px(line: Line, size_px: float) -> float:
    return caption_font(size_px).getlength(line_text(line))


def _halved(line: Line, size_px: float) -> list[Line]:
    """Two lines as even as can be, cut between words or else within the only one; a lone character stays."""
    if len(line) > 1:
        cut = min(range(1, len(line)), key=lambda at: max(_width_px(line[:at], size_px), _width_px(line[at:], size_px)))
        return [line[:cut], line[cut:]]
    clusters = clusters_of(line[0].text)
    if len(clusters) < 2:
        return [line]
    middle = (len(clusters) + 1) // 2
    return [
        (Run("".join(clusters[:middle]), line[0].word),),
        (Run("".join(clusters[middle:]), line[0].word),),
    ]
