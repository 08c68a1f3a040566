"""Words made ready for setting: measured, cut where longer than a line, and strictly in order of time."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.domain.speech import Word

CLOSERS = "\"'”’»›)]}“‘"
SENTENCE_ENDS = ".!?…。！？"
CLAUSE_ENDS = ",;:–—、，；："
SOFT_BREAKS = "-/_.,?&=·–—"
# A word without a length is given this where there is room: about a spoken syllable.
SYLLABLE_S = 0.12
JOINERS = "\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Token:
    """A word, or a piece of one, that fits a line.

    `chars_before` sums the characters of all tokens before it, so that a line is measured by one
    subtraction. `continues` marks a piece that goes on with the token before and so begins a line.
    """

    word: Word
    chars: int
    chars_before: int
    continues: bool
    ends_sentence: bool
    ends_clause: bool


def tokens_of(words: Sequence[Word], line_chars: int) -> list[Token]:
    """The tokens of `words`, none longer than `line_chars` and none without text."""
    tokens = []
    chars_before = 0
    for word in _in_order([word for word in words if word.text.strip()]):
        for index, piece in enumerate(_pieces(word, line_chars)):
            chars = chars_of(piece.text)
            tokens.append(
                Token(piece, chars, chars_before, index > 0, ends_sentence(piece.text), ends_clause(piece.text))
            )
            chars_before += chars
    return tokens


def chars_of(text: str) -> int:
    """How many characters a reader sees: marks that sit on another one do not count."""
    return len(text) if text.isascii() else len(clusters_of(text))


def clusters_of(text: str) -> list[str]:
    """`text` cut between characters as a reader sees them: never before a combining mark, never in a joined emoji."""
    clusters: list[str] = []
    for char in text:
        joins = (
            char in JOINERS or unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= char <= "\U0001f3ff"
        )
        if clusters and (joins or clusters[-1].endswith("\u200d")):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends here. A short capitalised token is taken for a title or an initial (`Dr.`, `J.`)."""
    bare = text.rstrip(CLOSERS)
    if not bare or bare[-1] not in SENTENCE_ENDS:
        return False
    return not (bare[-1] == "." and len(bare) <= 3 and bare[0].isupper())


def ends_clause(text: str) -> bool:
    bare = text.rstrip(CLOSERS)
    return bool(bare) and (bare[-1] in CLAUSE_ENDS or bare[-1] in SENTENCE_ENDS)


def _in_order(words: Sequence[Word]) -> Iterator[Word]:
    """The words with a time of their own each: none ends as it begins, nor after the next begins.

    Those that begin at the same instant share the time until the next one evenly.
    """
    first = 0
    while first < len(words):
        start_s = words[first].start_s
        end = first + 1
        while end < len(words) and words[end].start_s <= start_s:
            end += 1
        together = words[first:end]
        next_s = words[end].start_s if end < len(words) else math.inf
        until_s = max(word.end_s for word in together)
        if len(together) > 1 and end < len(words):
            until_s = next_s
        if until_s <= start_s:
            until_s = start_s + SYLLABLE_S * len(together)
        until_s = min(until_s, next_s)
        step_s = (until_s - start_s) / len(together)
        for index, word in enumerate(together):
            yield replace(word, start_s=start_s + index * step_s, end_s=start_s + (index + 1) * step_s)
        first = end


def _pieces(word: Word, line_chars: int) -> list[Word]:
    """`word` itself, or its pieces of at most `line_chars` characters with their shares of its time."""
    if len(word.text) <= line_chars:
        return [word]
    clusters = clusters_of(word.text)
    if len(clusters) <= line_chars:
        return [word]
    cuts = _piece_cuts(clusters, line_chars)
    duration_s = word.end_s - word.start_s
    pieces = []
    for first, end in pairwise(cuts):
        text = "".join(clusters[first:end])
        # A hyphen tells the reader that the word goes on. Scripts without case have no such custom.
        if end < len(clusters) and _is_cased(clusters[end - 1]) and _is_cased(clusters[end]):
            text += "-"
        pieces.append(
            Word(
                text,
                word.start_s + duration_s * first / len(clusters),
                word.start_s + duration_s * end / len(clusters),
            )
        )
    return pieces


def _piece_cuts(clusters: Sequence[str], line_chars: int) -> list[int]:
    """Where to cut: into pieces of like length, each cut moved back to a soft break when one is near."""
    room = max(1, line_chars - 1)  # a place for the hyphen
    cuts = [0]
    while len(clusters) - cuts[-1] > room:
        left = len(clusters) - cuts[-1]
        even = -(-left // -(-left // room))
        at = cuts[-1] + even
        furthest = min(cuts[-1] + room, len(clusters) - 1)
        near = [cut for cut in range(furthest, cuts[-1] + even // 2, -1) if clusters[cut - 1] in SOFT_BREAKS]
        cuts.append(near[0] if near else at)
    return [*cuts, len(clusters)]


def _is_cased(cluster: str) -> bool:
    return cluster[0].islower() or cluster[0].isupper()
