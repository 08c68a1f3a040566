"""Titles set in type: cut into lines of like width, as large as their room allows, in any script that captions know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from app.domain.bidi import base_level
from app.domain.caption_tokens import tokens_of
from app.domain.speech import Word
from app.domain.typeface import Typeface
from app.typography.lettering import drawable
from app.typography.line_setting import Line, Run, SetLine, ink_of, set_line
from app.typography.typefaces import SIZE_SCALE, face_of, font_of

Mask = npt.NDArray[np.float32]

LINE_HEIGHT = 1.14  # of the font's size: titles are set closer than captions
LONGEST_PIECE_CHARS = 24  # a longer word may be cut
WHOLE = 10_000
USUAL_LINES, MOST_LINES = 4, 9
WORTH_A_CUT = 1.15  # by how much larger letters must become for it


@dataclass(frozen=True)
class SetTitle:
    """Lines at `size_px`, `pitch_px` from baseline to baseline; `above_px` and `below_px` are the ink's outer reach."""

    lines: tuple[SetLine, ...]
    size_px: float
    pitch_px: float
    above_px: float
    below_px: float
    is_from_right: bool

    @property
    def width_px(self) -> float:
        return max(line.width_px for line in self.lines)

    @property
    def height_px(self) -> float:
        return self.above_px + self.pitch_px * (len(self.lines) - 1) + self.below_px

    def draw(self, width_px: int, height_px: int, *, left_of: Callable[[SetLine], float], top_px: float) -> Mask:
        """Its letters, 0 to 1, in an area of that size; `left_of` says where a line begins."""
        picture = Image.new("L", (width_px, height_px))
        pen = ImageDraw.Draw(picture)
        for number, line in enumerate(self.lines):
            baseline = top_px + self.above_px + number * self.pitch_px
            for stroke in line.strokes:
                font = font_of(stroke.face, self.size_px)
                xy = (left_of(line) + stroke.x_px, baseline)
                pen.text(xy, stroke.text, 255, font, "ls", direction=stroke.direction)
        return np.asarray(picture, np.float32) / np.float32(255)


def set_title(
    text: str, typeface: Typeface, *, size_px: float, room_px: float, most_lines: int, language: str = ""
) -> SetTitle | None:
    """`text` in as few lines as fit `room_px` at the size that suits it, or smaller in `most_lines`.

    `size_px` is Inter's; a narrower face is set larger. A long word is cut only where the letters gain by it. None when
    nothing of it can be drawn.
    """
    shown = drawable(text).split()
    if not shown:
        return None
    base, main = base_level(" ".join(shown)), face_of(typeface)
    size = size_px * SIZE_SCALE[typeface]

    def set_at(line: Line, size: float) -> SetLine:
        return set_line(line, size, base=base, language=language, main=main)

    def broken(longest_chars: int) -> tuple[list[Line], float]:
        pieces = _pieces(shown, longest_chars)
        return _broken(pieces, room_px, most_lines, lambda line: set_at(line, size).width_px)

    lines, widest = broken(WHOLE)
    if widest > room_px:
        cut_lines, cut_widest = broken(LONGEST_PIECE_CHARS)
        if widest > WORTH_A_CUT * max(room_px, cut_widest):
            lines, widest = cut_lines, cut_widest
    size *= min(1.0, room_px / widest)
    typeset = tuple(set_at(line, size) for line in lines)
    inks = [ink_of(line, size) for line in typeset]
    # Marks above and below letters, in scripts that stack them, need more than the usual pitch.
    tallest = max([LINE_HEIGHT * size, *(low + high for (_, low), (high, _) in zip(inks, inks[1:], strict=False))])
    return SetTitle(typeset, size, tallest, inks[0][0], inks[-1][1], base == 1)


def set_tall_title(
    text: str, typeface: Typeface, *, size_px: float, room_px: tuple[float, float], language: str = ""
) -> SetTitle | None:
    """As `set_title`, in up to nine lines where they make the letters larger and fit a room (width, height)."""
    width_px, height_px = room_px

    def set_in(most_lines: int) -> SetTitle | None:
        return set_title(text, typeface, size_px=size_px, room_px=width_px, most_lines=most_lines, language=language)

    best = set_in(USUAL_LINES)
    for most_lines in range(USUAL_LINES + 1, MOST_LINES + 1):
        found = set_in(most_lines)
        if best is None or found is None or found.height_px > height_px or found.size_px <= best.size_px:
            break
        best = found
    return best


@dataclass(frozen=True)
class _Piece:
    """A word or a piece of one; `is_cut` when its last sign is a hyphen that the word does not have."""

    run: Run
    is_cut: bool


def title_words(text: str) -> Line:
    """Between which the lines of a title may end: words, phrases where there are no spaces, and what clings to them."""
    return tuple(piece.run for piece in _pieces(text.split(), WHOLE))


def _pieces(words: list[str], longest_chars: int) -> tuple[_Piece, ...]:
    tokens = tokens_of([Word(word, float(at), at + 1.0) for at, word in enumerate(words)], longest_chars)
    written, at = "".join(words), 0
    pieces: list[_Piece] = []
    is_bound = False
    for number, token in enumerate(tokens):
        text = token.word.text
        is_cut = text.endswith("-") and not written.startswith(text, at)
        if is_bound:
            run = pieces.pop().run
            pieces.append(_Piece(replace(run, text=f"{run.text} {text}"), is_cut))
        else:
            pieces.append(_Piece(Run(text, number, token.word.glued), is_cut))
        is_bound = token.binds
        at += len(text) - is_cut
    return tuple(pieces)


def _line_of(pieces: Sequence[_Piece]) -> Line:
    """The pieces on one line: halves of a word that meet again need no hyphen between them."""
    runs: list[Run] = []
    was_cut = False
    for piece in pieces:
        if was_cut:
            before = runs.pop()
            runs.append(replace(before, text=before.text[:-1] + piece.run.text))
        else:
            runs.append(piece.run)
        was_cut = piece.is_cut
    return tuple(runs)


def _broken(
    pieces: tuple[_Piece, ...], room_px: float, most_lines: int, width_of: Callable[[Line], float]
) -> tuple[list[Line], float]:
    """The fewest lines that fit, at most `most_lines`, with the widest as narrow as can be; and its width."""
    width = cache(lambda first, end: width_of(_line_of(pieces[first:end])))

    @cache
    def best(first: int, lines: int) -> tuple[float, tuple[int, ...]]:
        """Width of the widest line of `pieces[first:]` in that many lines, and where these end."""
        if lines == 1:
            return width(first, len(pieces)), (len(pieces),)
        options = []
        for end in range(first + 1, len(pieces) - lines + 2):
            rest, ends = best(end, lines - 1)
            options.append((max(width(first, end), rest), (end, *ends)))
        return min(options)

    count = min(most_lines, len(pieces))
    widest, ends = next((found for n in range(1, count) if (found := best(0, n))[0] <= room_px), best(0, count))
    starts = (0, *ends[:-1])
    return [_line_of(pieces[first:end]) for first, end in zip(starts, ends, strict=True)], widest
