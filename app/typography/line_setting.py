"""A line of words set in type: which glyphs stand where, in which face, and which part of it each word owns.

A line in one face from the left is drawn as one text, so that its kerning holds across words. Any other is drawn in
pieces of one word, face and direction each, in their visual order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from app.domain.bidi import levels_of, visual_order
from app.typography.lettering import faces_of
from app.typography.typefaces import Face, european, font_of

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True)
class Run:
    """One word, or a piece of one, as drawn. `word` counts into the cue's words; `glued`: no space before it."""

    text: str
    word: int
    glued: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Stroke:
    """A piece of text at `x_px` from the line's left edge."""

    text: str
    face: Face
    x_px: float
    direction: Direction | None


@dataclass(frozen=True)
class SetLine:
    """`shares` are the words' parts of the line, from left to right without a gap: (word, its right end in pixels)."""

    width_px: float
    strokes: tuple[Stroke, ...]
    shares: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class _Piece:
    """Text of one run (None: the space between two), one face and one level."""

    text: str
    word: int | None
    face: Face
    level: int


def line_text(line: Sequence[Run]) -> str:
    return "".join(run.text if run.glued else f" {run.text}" for run in line).removeprefix(" ")


# A layout asks for the same line a few times over, to measure it before it stands.
@lru_cache(maxsize=256)
def set_line(line: Line, size_px: float, *, base: int = 0, language: str = "", main: Face | None = None) -> SetLine:
    """`base` is 1 in a text that is written from the right; `language` chooses among the forms of Han.

    `main` is the face of the European scripts, Inter by default.
    """
    face = main or european()
    if base == 0 and line_text(line).isascii():
        return _plain(line, size_px, face)
    pieces = _pieces(line, base, language, face)
    if base == 0 and all(piece.face == face and piece.level == 0 for piece in pieces):
        return _plain(line, size_px, face)
    x_px = 0.0
    strokes, shares = [], list[tuple[int, float]]()
    space_before_px = 0.0
    for piece in visual_order(pieces, [piece.level for piece in pieces]):
        direction: Direction = "rtl" if piece.level % 2 else "ltr"
        width_px = font_of(piece.face, size_px).getlength(piece.text, direction=direction)
        if piece.word is None:
            space_before_px = width_px
            x_px += width_px
            continue
        if shares:
            # Two words meet in the middle of the space between them.
            shares[-1] = (shares[-1][0], x_px - space_before_px / 2)
        space_before_px = 0.0
        strokes.append(Stroke(piece.text, piece.face, x_px, direction))
        x_px += width_px
        shares.append((piece.word, x_px))
    return SetLine(x_px, tuple(strokes), tuple(shares))


def ink_of(line: SetLine, size_px: float) -> tuple[float, float]:
    """How far the ink reaches above and below the baseline, in pixels; both are positive."""
    boxes = [
        font_of(stroke.face, size_px).getbbox(stroke.text, anchor="ls", direction=stroke.direction)
        for stroke in line.strokes
    ]
    return -min(box[1] for box in boxes), max(box[3] for box in boxes)


def _plain(line: Line, size_px: float, face: Face) -> SetLine:
    font = font_of(face, size_px)
    space_px = font.getlength(" ")
    lengths = [font.getlength(line_text(line[:count])) for count in range(1, len(line))]
    width_px = font.getlength(line_text(line))
    ends = [
        *(px if run.glued else px + space_px / 2 for px, run in zip(lengths, line[1:], strict=True)),
        width_px,
    ]
    shares = tuple((run.word, end) for run, end in zip(line, ends, strict=True))
    return SetLine(width_px, (Stroke(line_text(line), face, 0.0, None),), shares)


def _pieces(line: Line, base: int, language: str, main: Face) -> list[_Piece]:
    """In logical order."""
    text = line_text(line)
    levels = levels_of(text, base)
    pieces: list[_Piece] = []
    at = 0
    for number, run in enumerate(line):
        if number and not run.glued:
            pieces.append(_Piece(" ", None, main, levels[at]))
            at += 1
        for faced, face in faces_of(run.text, language, main):
            for level, group in groupby(
                zip(faced, levels[at : at + len(faced)], strict=True), key=lambda pair: pair[1]
            ):
                pieces.append(_Piece("".join(char for char, _ in group), run.word, face, level))
            at += len(faced)
    return pieces
