"""Words made ready for setting: measured, cut where longer than a line, and strictly in order of time."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.domain.abbreviations import TITLES, UNITS
from app.domain.scripts import CJK, Script, is_cjk, script_of
from app.domain.sentences import group_sentences
from app.domain.speech import Word
from app.domain.unspaced import is_unspaced, joins_without_space, phrases_of

CLOSERS = "\"'”’»›)]}“‘"
OPENERS = "\"'“‘„‚«‹([{¿¡"
# An aside longer than this is cut like any other text.
MAX_BRACKET_TOKENS = 12
SENTENCE_ENDS = ".!?…。！？"
CLAUSE_ENDS = ",;:–—、，；："
SOFT_BREAKS = "-/_.,?&=·–—"
# A word without a length is given this where there is room: about a spoken syllable.
SYLLABLE_S = 0.12
JOINERS = "\u200d\ufe0e\ufe0f"


class Glued(Word):
    """A word, or a piece of one, that follows what is before it on its line without a space."""


@dataclass(frozen=True)
class Token:
    """A word, or a piece of one, that fits a line.

    `chars_before` sums the characters of all tokens before it and the spaces up to it, so that a line is measured
    by one subtraction. `continues` marks a piece that goes on with the token before and so begins a line.
    `clings` marks a token that reads wrongly when parted from the next (`z.` from `B.`, `5` from `km`);
    `in_brackets` one after which a bracket is still open.
    """

    word: Word
    chars: int
    chars_before: int
    continues: bool
    ends_sentence: bool
    ends_clause: bool
    clings: bool
    in_brackets: bool


def tokens_of(words: Sequence[Word], line_chars: int) -> list[Token]:
    """The tokens of `words`, none longer than `line_chars` and none without text."""
    tokens: list[Token] = []
    chars_before = 0
    in_order = list(_in_order([word for word in words if word.text.strip()]))
    texts = [word.text for word in in_order]
    sentence_ends = _sentence_ends(texts)
    bracketed = _bracketed(texts)
    for at, word in enumerate(in_order):
        pieces = _pieces(word, line_chars)
        following = texts[at + 1] if at + 1 < len(texts) else ""
        for index, piece in enumerate(pieces):
            is_last = index + 1 == len(pieces)
            chars = chars_of(piece.text)
            if index == 0 and at > 0 and joins_without_space(texts[at - 1], piece.text):
                piece = Glued(piece.text, piece.start_s, piece.end_s)
            chars_before += bool(tokens) and not isinstance(piece, Glued)
            tokens.append(
                Token(
                    piece,
                    chars,
                    chars_before,
                    continues=index > 0 and not isinstance(piece, Glued),
                    ends_sentence=is_last and at in sentence_ends,
                    ends_clause=ends_clause(piece.text),
                    clings=is_last and at not in sentence_ends and clings(word.text, following),
                    in_brackets=at in bracketed,
                )
            )
            chars_before += chars
    return tokens


def chars_of(text: str) -> int:
    """How wide a text is in characters: marks that sit on another one do not count, East Asian ones count twice."""
    if text.isascii():
        return len(text)
    return sum(2 if is_cjk(cluster[0]) or script_of(cluster[0]) in CJK else 1 for cluster in clusters_of(text))


def clusters_of(text: str) -> list[str]:
    """`text` cut between characters as a reader sees them: never before a combining mark, never in a joined emoji,
    nor in the letters that a virama joins.
    """
    clusters: list[str] = []
    for char in text:
        joins = (
            char in JOINERS or unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= char <= "\U0001f3ff"
        )
        if clusters and (joins or clusters[-1].endswith("\u200d") or _is_joined(clusters[-1][-1], char)):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _is_joined(before: str, char: str) -> bool:
    """Whether two characters make one letter: after a virama, and Thai and Lao am, a mark and a vowel in one."""
    if char in "\u0e33\u0eb3":
        return True
    return unicodedata.combining(before) == 9 and script_of(char) not in (Script.COMMON, Script.THAI)


def _sentence_ends(texts: Sequence[str]) -> frozenset[int]:
    """Which of `texts` end a sentence: judged with the words around them, as the voice's pauses are."""
    ends = []
    at = -1
    for sentence in group_sentences(texts):
        at += len(sentence)
        ends.append(at)
    # The script may stop in the middle of a sentence.
    if ends and texts[at].rstrip(CLOSERS)[-1:] not in tuple(SENTENCE_ENDS):
        ends.pop()
    return frozenset(ends)


def clings(text: str, following: str) -> bool:
    """Whether `text`, which ends no sentence, belongs to `following`: an abbreviation, a title, a number."""
    core = text.rstrip(CLOSERS)
    # An ellipsis is a place to stop at; a single stop that ends no sentence belongs to an abbreviation.
    if core.endswith(".") and not core.endswith(".."):
        return True
    word = core.lstrip(OPENERS)
    if word[:1].isupper() and word.casefold() in TITLES:
        return following[:1].isupper()
    return word[-1:].isdigit() and following.rstrip(CLOSERS + CLAUSE_ENDS + SENTENCE_ENDS).casefold() in UNITS


def _bracketed(texts: Sequence[str]) -> frozenset[int]:
    """The texts after which a bracket is open that closes soon; one that nothing closes counts for nothing."""
    inside: set[int] = set()
    opened_at: list[int] = []
    for at, text in enumerate(texts):
        for char in text:
            if char in "([{":
                opened_at.append(at)
            elif char in ")]}" and opened_at:
                first = opened_at.pop()
                if at - first <= MAX_BRACKET_TOKENS:
                    inside.update(range(first, at))
    return frozenset(inside)


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
    if is_unspaced(word.text):
        return _phrases(word, line_chars)
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


def _phrases(word: Word, line_chars: int) -> list[Word]:
    """The same for a script without spaces: its phrases, each of which may end a line and is highlighted by itself."""
    clusters = clusters_of(word.text)
    phrases = [(first, end) for first, end in pairwise([0, *phrases_of(clusters), len(clusters)])]
    # A phrase that is longer than a line is parted anywhere between characters, as narrow as the widest ones need.
    room = max(1, line_chars // 2)
    pieces = [(first + at, min(first + at + room, end)) for first, end in phrases for at in range(0, end - first, room)]
    step_s = (word.end_s - word.start_s) / len(clusters)
    cut = [
        ("".join(clusters[first:end]), word.start_s + step_s * first, word.start_s + step_s * end)
        for first, end in pieces
    ]
    return [Word(*cut[0]), *(Glued(*piece) for piece in cut[1:])]


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
