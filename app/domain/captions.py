"""Captions from the script's own words: broken into cues of short lines, and timed by the voice.

A cue is what is on screen at one moment. `break_into_cues` chooses among all ways of cutting the
words the one with the least total cost, as a paragraph is set: ends of sentences and clauses
attract the cuts, orphans and flashes repel them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.domain.caption_style import CaptionStyle
from app.domain.caption_tokens import Token, tokens_of
from app.domain.speech import Word

MIN_SHOWN_S = 0.8  # what an eye needs to catch a line; kept wherever the next cue leaves room
LINGER_S = 0.4  # a cue outlives its last word by this
SHORT_GAP_S = 0.4  # an empty screen shorter than this reads as a flicker; the cue stays instead
PAUSE_S = 0.25  # silence that a listener hears as a break
LONG_PAUSE_S = 0.5  # silence over which a cue should not stretch
# What a cut costs that tears apart `z. B.`, `Dr. Meier` or `5 km`, and one inside brackets; an ordinary cut costs 1.
TEAR_COST = 6.0
BRACKET_COST = 4.0
# To show the end of one sentence with the beginning of the next: `old tunnel. Shares`. More than this makes more cues
# too short to read, and hardly fewer of that kind.
SENTENCE_COST = 2.5
NEVER_COST = 60.0  # a cut that kinsoku forbids: paid only where a line would not fit otherwise
MAX_CUE_TOKENS = 28  # more than two lines of prose hold; keeps the search short on pages of single letters

CAPITAL_WIDTH = 1.18  # of a small letter's, on the mean of a text
LANDSCAPE_FROM = 1.2  # width over height from which a frame reads as landscape


@dataclass(frozen=True)
class CueShape:
    """How much text a cue may hold: `lines` lines of at most `line_chars` characters."""

    line_chars: int
    lines: int


SHORT_LINE = CueShape(line_chars=20, lines=1)  # portrait and square: a glance at a time
WIDE_LINES = CueShape(line_chars=42, lines=2)  # landscape, and subtitle files: what broadcasters allow


@dataclass(frozen=True)
class Cue:
    """Lines of words shown together from `start_s` until `end_s` (seconds). Words keep their own times."""

    lines: tuple[tuple[Word, ...], ...]
    start_s: float
    end_s: float

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line)

    @property
    def text(self) -> str:
        return "\n".join(joined(line) for line in self.lines)


@dataclass(frozen=True)
class CaptionSpan:
    """One state of the caption, from `first_frame` up to but not including `end_frame`.

    `highlighted` counts into `cue.words`, or is None where no word is marked.
    """

    first_frame: int
    end_frame: int
    cue: Cue
    highlighted: int | None


def joined(words: Sequence[Word]) -> str:
    """The text of a line."""
    return "".join(word.text if word.glued else f" {word.text}" for word in words).removeprefix(" ")


def shape_for(width_px: int, height_px: int, style: CaptionStyle | None = None) -> CueShape:
    """The shape of burned-in cues for a frame of this size. Larger letters and capitals leave room for fewer."""
    shape = WIDE_LINES if width_px >= LANDSCAPE_FROM * height_px else SHORT_LINE
    if style is None:
        return shape
    width = max(1.0, style.size.scale) * (CAPITAL_WIDTH if style.uppercase else 1.0)
    return replace(shape, line_chars=int(shape.line_chars / width))


def break_into_cues(
    words: Sequence[Word], shape: CueShape, *, offset_s: float = 0.0, until_s: float = math.inf
) -> tuple[Cue, ...]:
    """Cut `words` into cues, shift them by `offset_s`, and let none last past `until_s` (after the shift).

    Cues never overlap, start in order, and hold every word. A token longer than a line is cut
    into pieces that share its time.
    """
    tokens = tokens_of(words, shape.line_chars)
    reach = _line_reaches(tokens, shape)
    cuts = _cheapest_cuts(tokens, reach, shape)
    cues = []
    for first, end in pairwise(cuts):
        lines = tuple(
            tuple(_shifted(token.word, offset_s) for token in tokens[a:b])
            for a, b in _line_ranges(tokens, first, end, reach, shape)
        )
        cues.append(Cue(lines, lines[0][0].start_s, lines[-1][-1].end_s))
    return tuple(_timed(cues, until_s))


def with_texts(cue: Cue, changed: Callable[[str], str]) -> Cue:
    """The cue with the text of each of its words changed, and with their times as they were."""
    return replace(
        cue, lines=tuple(tuple(replace(word, text=changed(word.text)) for word in line) for line in cue.lines)
    )


def caption_spans(cues: Sequence[Cue], *, highlight: bool, fps: int, frames: int) -> tuple[CaptionSpan, ...]:
    """The captions' states on the grid of `frames` frames, in order and without overlap; empty ones left out."""
    spans = []
    for cue in cues:
        end_frame = min(_frame(cue.end_s, fps), frames)
        if not highlight:
            spans.append(CaptionSpan(_frame(cue.start_s, fps), end_frame, cue, None))
            continue
        words = cue.words
        starts = [_frame(word.start_s, fps) for word in words] + [end_frame]
        spans += [
            CaptionSpan(starts[index], min(starts[index + 1], end_frame), cue, index) for index in range(len(words))
        ]
    return tuple(span for span in spans if span.first_frame < span.end_frame)


def _frame(time_s: float, fps: int) -> int:
    return max(0, round(time_s * fps))


def _shifted(word: Word, offset_s: float) -> Word:
    return replace(word, start_s=word.start_s + offset_s, end_s=word.end_s + offset_s)


def _timed(cues: Sequence[Cue], until_s: float) -> Iterator[Cue]:
    """Let each cue linger, and stay until the next begins when little time is left; never past that or `until_s`."""
    for index, cue in enumerate(cues):
        next_start_s = cues[index + 1].start_s if index + 1 < len(cues) else math.inf
        end_s = max(cue.end_s + LINGER_S, cue.start_s + MIN_SHOWN_S)
        if next_start_s - end_s < SHORT_GAP_S:
            end_s = next_start_s
        yield replace(cue, end_s=min(end_s, max(until_s, cue.start_s)))


def _cheapest_cuts(tokens: Sequence[Token], reach: Sequence[int], shape: CueShape) -> list[int]:
    """Where cues begin, plus the end: the cut with the least total cost, by dynamic programming.

    One token always makes a cue, so a cut exists whatever the text.
    """
    count = len(tokens)
    best = [0.0] + [math.inf] * count
    came_from = [0] * (count + 1)
    for first in range(count):
        for end in range(first + 1, min(first + MAX_CUE_TOKENS, count) + 1):
            lines = _line_ranges(tokens, first, end, reach, shape)
            if not lines:
                break
            cost = best[first] + _cue_cost(tokens, first, end, lines, shape)
            if cost < best[end]:
                best[end], came_from[end] = cost, first
    cuts = [count]
    while cuts[-1] > 0:
        cuts.append(came_from[cuts[-1]])
    return cuts[::-1]


def _line_reaches(tokens: Sequence[Token], shape: CueShape) -> list[int]:
    """For each token, the end of the longest line from it on. A further piece of a cut word begins a line."""
    reaches = []
    end = 0
    for first in range(len(tokens)):
        end = max(end, first + 1)
        while end < len(tokens) and not tokens[end].continues and _chars(tokens, first, end + 1) <= shape.line_chars:
            end += 1
        reaches.append(end)
    return reaches


def _line_ranges(
    tokens: Sequence[Token], first: int, end: int, reach: Sequence[int], shape: CueShape
) -> list[tuple[int, int]]:
    """The lines of a cue of tokens[first:end] as index ranges; empty when they do not fit."""
    if end <= reach[first]:
        return [(first, end)]
    middles = [middle for middle in range(reach[first], first, -1) if reach[middle] >= end]
    if shape.lines < 2 or not middles:
        return []

    def cost(middle: int) -> float:
        unevenness = abs(_chars(tokens, first, middle) - _chars(tokens, middle, end)) / shape.line_chars
        return _break_cost(tokens, middle) + 2 * unevenness

    middle = min(middles, key=cost)
    return [(first, middle), (middle, end)]


def _chars(tokens: Sequence[Token], first: int, end: int) -> int:
    """Characters of the tokens set on one line, spaces between them included."""
    return tokens[end - 1].chars_before + tokens[end - 1].chars - tokens[first].chars_before


def _cue_cost(
    tokens: Sequence[Token], first: int, end: int, lines: Sequence[tuple[int, int]], shape: CueShape
) -> float:
    """How bad it is to show tokens[first:end] as one cue. The weights were set by reading the results."""
    used = _chars(tokens, *lines[-1]) + shape.line_chars * (len(lines) - 1)
    slack = 1 - used / (shape.line_chars * shape.lines)
    cost = 1 + slack**2 + _break_cost(tokens, end)
    if len(lines) == 2 and tokens[lines[0][1] - 1].binds:
        cost += NEVER_COST
    is_sentence = tokens[end - 1].ends_sentence and (first == 0 or tokens[first - 1].ends_sentence)
    if end - first == 1 and len(tokens) > 1 and not is_sentence and tokens[first].chars < shape.line_chars / 2:
        cost += 1.5  # an orphan
    if end < len(tokens):
        shown_s = tokens[end].word.start_s - tokens[first].word.start_s
        cost += 1.5 * max(0.0, 1 - shown_s / MIN_SHOWN_S)
    for index in range(first + 1, end):
        if tokens[index - 1].ends_sentence:
            cost += SENTENCE_COST
        if tokens[index].word.start_s - tokens[index - 1].word.end_s > LONG_PAUSE_S:
            cost += 1
    return cost


def _break_cost(tokens: Sequence[Token], at: int) -> float:
    """How bad it is to cut before tokens[at]: nothing after a sentence, most where it tears a phrase."""
    before = tokens[at - 1]
    if at == len(tokens) or before.ends_sentence:
        return 0.0
    if before.binds:
        return NEVER_COST
    if before.clings:
        return TEAR_COST
    if before.in_brackets:
        return BRACKET_COST
    if before.ends_clause or tokens[at].word.start_s - before.word.end_s > PAUSE_S:
        return 0.35
    return 1.4 if before.chars <= 3 else 1.0
