"""Where a word or a phrase that is longer than a line is cut: one rule for the picture and for subtitle files.

A word of letters is cut in pieces of like length, with a hyphen that tells the reader that it goes on. An address is
cut at its own punctuation and gets none. A figure is not cut while it can be set smaller instead. A phrase of a script
without spaces is cut where a line may end, and its Latin words only when they alone are longer than a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.domain.clusters import cluster_chars, clusters_of
from app.domain.scripts import UNSPACED, script_of
from app.domain.unspaced import NEVER_FIRST, NEVER_LAST, is_unspaced, line_ends, word_ends

SOFT_BREAKS = "-/_.,?&=@·–—"
# Thai and Lao vowels that are written before the letter that they follow.
LEADING_VOWELS = "เแโใไເແໂໃໄ"
# A figure that is wider than a line by no more than this is set smaller: in two pieces it reads as two figures.
FIGURE_LINES = 1.25
# What a cut costs; how uneven it makes the pieces costs up to one more.
SOFT, BESIDE_FIGURE, BETWEEN_LETTERS, BETWEEN_SIGNS, IN_FIGURE, NEVER = 0.0, 0.5, 1.0, 1.5, 3.0, 9.0
AT_ITS_SIGN = 2.5  # in a figure, behind its comma or point
OUT_OF_PLACE = 4.0  # what it costs more in a phrase that may be cut elsewhere


@dataclass(frozen=True)
class Piece:
    """`text`, with a hyphen if one was added; `first` and `end` are shares (0 to 1) of the word that it is cut from."""

    text: str
    first: float
    end: float


def pieces_of(text: str, line_chars: int) -> list[Piece]:
    """The pieces of a word, none wider than `line_chars`, but for a figure that is set smaller instead."""
    clusters = clusters_of(text)
    widths = [0, *accumulate(map(cluster_chars, clusters))]
    if widths[-1] <= line_chars or (is_figure(text) and widths[-1] <= line_chars * FIGURE_LINES):
        return [Piece(text, 0.0, 1.0)]
    costs = _cut_costs(text, clusters)
    # Scripts without case have no such custom.
    takes_hyphen = _takes_hyphen(text)
    cased = [takes_hyphen and _is_cased(cluster[0]) for cluster in clusters]
    hyphened = [one and other for one, other in zip([False, *cased], cased, strict=False)]
    pieces: list[Piece] = []
    first = 0
    while first < len(clusters):
        end = _next_cut(first, widths, costs, hyphened, line_chars)
        piece = "".join(clusters[first:end]) + ("-" if end < len(clusters) and hyphened[end] else "")
        pieces.append(Piece(piece, first / len(clusters), end / len(clusters)))
        first = end
    return pieces


def is_figure(text: str) -> bool:
    """Whether it is a number, an amount, a version, a date: digits, and no two letters side by side."""
    if not any(char.isdigit() for char in text):
        return False
    return not any(one.isalpha() and other.isalpha() for one, other in zip(text, text[1:], strict=False))


def _takes_hyphen(text: str) -> bool:
    """Whether it is a word of letters. In an address or a hashtag a hyphen that nobody wrote would be a lie."""
    if "#" in text:
        return False
    core = text.strip("".join(NEVER_FIRST | NEVER_LAST) + "\"'")
    return not any(char.isdigit() or char in "@/\\_=&:." for char in core)


def _next_cut(
    first: int, widths: Sequence[int], costs: Sequence[float], hyphened: Sequence[bool], line_chars: int
) -> int:
    """The end of the piece that begins at cluster `first`; at least one cluster further."""
    count = len(costs)
    left = widths[-1] - widths[first]
    if left <= line_chars or first + 1 == count:
        return count
    even = left / -(-left // max(1, line_chars - hyphened[first + 1]))
    reachable = []
    for end in range(first + 1, count):
        if widths[end] - widths[first] + hyphened[end] > line_chars:
            break
        reachable.append(end)
    return min(
        reachable,
        key=lambda end: (costs[end] + abs(widths[end] - widths[first] - even) / even, -end),
        default=first + 1,
    )


def _cut_costs(text: str, clusters: Sequence[str]) -> list[float]:
    """What it costs to cut before each cluster; none is cut before the first."""
    chars = [cluster[0] for cluster in clusters]
    costs = [NEVER, *(_cost_before(chars, at) for at in range(1, len(chars)))]
    if is_unspaced(text):
        ends, words = line_ends(text), word_ends(text)
        for at, start in enumerate(accumulate(map(len, clusters[:-1])), 1):
            if start in ends:
                costs[at] = SOFT if start in words else BETWEEN_LETTERS
            else:
                costs[at] += OUT_OF_PLACE
    return costs


def _cost_before(chars: Sequence[str], at: int) -> float:
    before, after = chars[at - 1], chars[at]
    if after in NEVER_FIRST or before in NEVER_LAST or before in LEADING_VOWELS:
        return NEVER
    if after.isdigit():
        if before.isdigit():
            return IN_FIGURE
        if before in ".,:" and at > 1 and chars[at - 2].isdigit():
            return AT_ITS_SIGN
    if _is_of_figure(before) and script_of(after) in UNSPACED or script_of(before) in UNSPACED and _is_of_figure(after):
        return BESIDE_FIGURE
    if before in SOFT_BREAKS and after not in SOFT_BREAKS:
        return SOFT
    return BETWEEN_LETTERS if before.isalpha() and after.isalpha() else BETWEEN_SIGNS


def _is_of_figure(char: str) -> bool:
    return char.isdigit() or char in "$€£¥"


def _is_cased(char: str) -> bool:
    return char.islower() or char.isupper()
