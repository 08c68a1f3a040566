"""Words made ready for setting: measured, cut where longer than a line, and strictly in order of time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from app.domain.abbreviations import TITLES, UNITS
from app.domain.clusters import chars_of
from app.domain.sentences import DASHES, group_sentences
from app.domain.speech import Word
from app.domain.unspaced import NEVER_FIRST, NEVER_LAST, is_japanese, is_unspaced, pauses_between, phrases_of
from app.domain.word_cuts import pieces_of

CLOSERS = "\"'”’»›)]}“‘"
OPENERS = "\"'“‘„‚«‹([{¿¡"
# An aside longer than this is cut like any other text.
MAX_BRACKET_TOKENS = 12
SENTENCE_ENDS = ".!?…。！？"
CLAUSE_ENDS = ",;:–—、，；："
# A word without a length is given this where there is room: about a spoken syllable.
SYLLABLE_S = 0.12


@dataclass(frozen=True)
class Token:
    """A word, a phrase, or a piece of one, that fits a line.

    `chars_before` sums the characters of all tokens before it and the spaces up to it, so that a line is measured
    by one subtraction. `continues` marks a piece that goes on with the token before and so begins a line.
    `clings` marks a token that reads wrongly when parted from the next (`z.` from `B.`, `5` from `km`);
    `in_brackets` one after which a bracket is still open; `binds` one after which no line may end, whatever it costs.
    """

    word: Word
    chars: int
    chars_before: int
    continues: bool
    ends_sentence: bool
    ends_clause: bool
    clings: bool
    in_brackets: bool
    binds: bool


def tokens_of(words: Sequence[Word], line_chars: int) -> list[Token]:
    """The tokens of `words`, none longer than `line_chars` and none without text."""
    tokens: list[Token] = []
    chars_before = 0
    in_order = list(_phrased(list(_in_order([word for word in words if word.text.strip()]))))
    texts = [word.text for word in in_order]
    sentence_ends = _sentence_ends(texts)
    bracketed = _bracketed(texts)
    for at, word in enumerate(in_order):
        pieces = list(_pieces(word, line_chars))
        following = texts[at + 1] if at + 1 < len(texts) else ""
        for index, piece in enumerate(pieces):
            is_last = index + 1 == len(pieces)
            chars = chars_of(piece.text)
            chars_before += bool(tokens) and not piece.glued
            tokens.append(
                Token(
                    piece,
                    chars,
                    chars_before,
                    continues=index > 0 and (pieces[index - 1].text.endswith("-") or not is_unspaced(word.text)),
                    ends_sentence=is_last and at in sentence_ends,
                    ends_clause=ends_clause(piece.text) or (is_last and _pauses(in_order, at)),
                    clings=is_last and at not in sentence_ends and clings(word.text, following),
                    in_brackets=at in bracketed,
                    binds=is_last and binds(word.text, following),
                )
            )
            chars_before += chars
    return tokens


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


def binds(text: str, following: str) -> bool:
    """Whether kinsoku holds two words on one line though a space parts them: `vraiment ?`, `« non »`, `「はい」 。`.

    A dash that stands apart may begin a line: it opens what somebody says.
    """
    if following and following not in DASHES and all(char in NEVER_FIRST for char in following):
        return True
    return bool(following) and all(char in NEVER_LAST for char in text)


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


def _pauses(words: Sequence[Word], at: int) -> bool:
    following = words[at + 1] if at + 1 < len(words) else None
    return following is not None and not following.glued and pauses_between(words[at].text, following.text)


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


def _phrased(words: Sequence[Word]) -> Iterator[Word]:
    """The words of scripts without spaces as phrases, each of which is highlighted by itself and may end a line.

    A voice parts such a text where it hears a pause, and that is not always where a phrase ends: `「はい。」と`.
    """
    japanese = is_japanese(word.text for word in words)
    at = 0
    while at < len(words):
        end = at + 1
        while end < len(words) and words[end].glued:
            end += 1
        text = "".join(word.text for word in words[at:end])
        yield from _phrases(words[at:end], text, japanese=japanese) if is_unspaced(text) else words[at:end]
        at = end


def _phrases(words: Sequence[Word], text: str, *, japanese: bool) -> Iterator[Word]:
    """`words`, which stand side by side and make up `text`, cut anew; each character takes its share of its word."""
    starts = list(accumulate((len(word.text) for word in words), initial=0))

    def time_at(char: int) -> float:
        number = min(bisect_right(starts, char), len(words)) - 1
        word = words[number]
        return word.start_s + (word.end_s - word.start_s) * (char - starts[number]) / len(word.text)

    at = 0
    for phrase in phrases_of(text, japanese=japanese):
        last = at + len(phrase) - 1
        number = bisect_right(starts, last) - 1
        # Up to the pause after its word, rather than over it to where the next one begins.
        end_s = words[number].end_s if last + 1 == starts[number + 1] else time_at(last + 1)
        yield Word(phrase, time_at(at), end_s, glued=at > 0 or words[0].glued)
        at += len(phrase)


def _pieces(word: Word, line_chars: int) -> Iterator[Word]:
    """`word` itself, or its pieces of at most `line_chars` characters with their shares of its time."""
    duration_s = word.end_s - word.start_s
    for piece in pieces_of(word.text, line_chars):
        yield Word(
            piece.text,
            word.start_s + duration_s * piece.first,
            word.start_s + duration_s * piece.end,
            glued=word.glued or piece.first > 0,
        )
