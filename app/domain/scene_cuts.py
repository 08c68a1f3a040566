"""Sentences into scenes of five to twelve seconds of speech, balanced, and never across a heading.

A section's sentences are broken into clauses; the cuts are then chosen among the clause ends so that the
total cost is least: a scene costs by how far it is from the ideal length, a cut by how badly it reads.
A scene cannot be longer than `LONGEST_S`, so the window looked back on is bounded and the work is linear.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import islice

from app.domain.abbreviations import CONJUNCTIONS
from app.domain.sentences import CLAUSE_STOPS, CLOSERS, DASHES, OPENERS, glued_of, group_sentences, tokens_of
from app.domain.unspaced import is_japanese, is_unspaced, joins_without_space, phrases_of

IDEAL_S = 8.0
LONGEST_S = 13.0
SHORTEST_S = 4.5
# A clause longer than this is cut further, at a conjunction or, failing that, between two words.
LONGEST_CLAUSE_S = 7.0
# Enumerations ("a, b, c") are not cut at each of their commas.
SHORTEST_CLAUSE_S = 1.0
# A scene may end inside a longer token of a script without spaces; in others only in one that fills a scene alone.
LONGEST_TOKEN_S = 4.0


class Cut(Enum):
    """What stands at the end of a clause, with the cost of ending a scene there and of going on past it."""

    PARAGRAPH = (0.0, 0.8)
    SENTENCE = (0.6, 0.0)
    STRONG = (4.0, 0.0)  # ; : and dashes
    COMMA = (6.0, 0.0)
    CONJUNCTION = (7.0, 0.0)
    WORD = (12.0, 0.0)  # nothing better was near

    @property
    def cost_of_ending(self) -> float:
        return self.value[0]

    @property
    def cost_of_passing(self) -> float:
        return self.value[1]


@dataclass(frozen=True)
class Section:
    """What stands below one heading: `paragraphs` of plain words, markup and headings already removed."""

    title: str | None
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Clause:
    """`text` as its author wrote it; `glued` where no space parts it from the clause before."""

    text: str
    speech_s: float
    end: Cut
    glued: bool = False


def cut_scenes(paragraphs: Iterable[str]) -> list[str]:
    """The texts of one section's scenes, in order: the words of `paragraphs` and nothing else."""
    clauses = [clause for paragraph in paragraphs for clause in clauses_of(paragraph)]
    scenes = []
    start = 0
    for end in _best_ends(clauses):
        scenes.append("".join(_spaced(clauses, at) for at in range(start, end)).removeprefix(" "))
        start = end
    return scenes


def _spaced(clauses: Sequence[Clause], at: int) -> str:
    """A clause with the space before it, if there is one; none between paragraphs of scripts that write none."""
    clause = clauses[at]
    before = clauses[at - 1] if at else clause
    meets = before.end is Cut.PARAGRAPH and joins_without_space(before.text, clause.text)
    return clause.text if clause.glued or meets else f" {clause.text}"


def _best_ends(clauses: Sequence[Clause]) -> list[int]:
    """Indexes after the last clause of each scene, chosen for the least total cost."""
    best_cost = [0.0] + [float("inf")] * len(clauses)
    best_start = [0] * (len(clauses) + 1)
    for end in range(1, len(clauses) + 1):
        speech_s = 0.0
        passing = 0.0
        for start in range(end - 1, -1, -1):
            speech_s += clauses[start].speech_s
            if speech_s > LONGEST_S and start < end - 1:
                break
            cost = best_cost[start] + scene_cost(speech_s) + passing + clauses[end - 1].end.cost_of_ending
            if cost < best_cost[end]:
                best_cost[end], best_start[end] = cost, start
            if start:
                passing += clauses[start - 1].end.cost_of_passing
    ends = []
    end = len(clauses)
    while end:
        ends.append(end)
        end = best_start[end]
    return ends[::-1]


def scene_cost(scene_s: float) -> float:
    """Grows with the square of the distance from the ideal; a scene too short to be looked at costs more."""
    cost = ((scene_s - IDEAL_S) / 2.5) ** 2
    return cost + 3.0 * max(0.0, SHORTEST_S - scene_s)


def clauses_of(paragraph: str) -> list[Clause]:
    """One paragraph's clauses in order; the last one ends the paragraph."""
    japanese = is_japanese((paragraph,))
    tokens = [piece for token in tokens_of(paragraph) for piece in _pieces(token, japanese=japanese)]
    parts: list[tuple[list[str], Cut]] = []
    for sentence in group_sentences(tokens):
        parts += _split_long(sentence)
        parts[-1] = (parts[-1][0], Cut.SENTENCE)
    if parts:
        parts[-1] = (parts[-1][0], Cut.PARAGRAPH)
    glued = iter(glued_of(paragraph, tokens))
    return [_clause(part, end, list(islice(glued, len(part)))) for part, end in parts]


def _clause(tokens: Sequence[str], end: Cut, glued: Sequence[bool]) -> Clause:
    text = "".join(token if is_glued else f" {token}" for token, is_glued in zip(tokens, glued, strict=True))
    return Clause(text.removeprefix(" "), speech_s(tokens), end, glued[0])


def _split_long(sentence: Sequence[str]) -> list[tuple[list[str], Cut]]:
    """A sentence as its clauses; a short sentence stays whole, for no scene should end inside it."""
    if speech_s(sentence) <= LONGEST_S:
        return [(list(sentence), Cut.SENTENCE)]
    parts: list[tuple[list[str], Cut]] = []
    current: list[str] = []
    current_s = 0.0
    for index, token in enumerate(sentence):
        current.append(token)
        current_s += speech_s((token,))
        end = _cut_after(token) if index + 1 < len(sentence) else Cut.SENTENCE
        if end is Cut.SENTENCE or (end is not None and current_s >= SHORTEST_CLAUSE_S):
            parts += _split_clause(current, end)
            current, current_s = [], 0.0
    return parts


def _cut_after(token: str) -> Cut | None:
    core = token.rstrip(CLOSERS)
    if token in DASHES or core.endswith((";", ":", "；", "：", "؛", "—")):
        return Cut.STRONG
    if core and core[-1] in CLAUSE_STOPS:
        return Cut.COMMA
    return None


def _split_clause(tokens: list[str], end: Cut) -> list[tuple[list[str], Cut]]:
    """A clause too long for half a scene, parted before its conjunctions; what is still too long is parted evenly."""
    if speech_s(tokens) <= LONGEST_CLAUSE_S:
        return [(tokens, end)]
    phrases: list[list[str]] = [[]]
    phrase_s = 0.0
    for token in tokens:
        if phrase_s >= SHORTEST_CLAUSE_S and token.strip(OPENERS).casefold() in CONJUNCTIONS:
            phrases.append([])
            phrase_s = 0.0
        phrases[-1].append(token)
        phrase_s += speech_s((token,))
    parts: list[tuple[list[str], Cut]] = []
    for phrase in phrases:
        even = _split_evenly(phrase)
        parts += [(part, Cut.WORD) for part in even[:-1]]
        parts.append((even[-1], Cut.CONJUNCTION))
    parts[-1] = (parts[-1][0], end)
    return parts


def _split_evenly(phrase: list[str]) -> list[list[str]]:
    """Parts of about the same length, none longer than a clause may be by more than a word."""
    total_s = speech_s(phrase)
    part_s = total_s / -(-total_s // LONGEST_CLAUSE_S)
    parts: list[list[str]] = [[]]
    done_s = 0.0
    for token in phrase:
        token_s = speech_s((token,))
        if parts[-1] and done_s + token_s / 2 > part_s * len(parts):
            parts.append([])
        parts[-1].append(token)
        done_s += token_s
    return parts


def _pieces(token: str, *, japanese: bool) -> list[str]:
    """A token, or pieces of it: an unspaced script's phrases where they fill half a scene, a monster's even parts."""
    total_s = speech_s((token,))
    if total_s <= LONGEST_TOKEN_S:
        return [token]
    if is_unspaced(token):
        return _gathered(phrases_of(token, japanese=japanese), total_s)
    if total_s <= LONGEST_S:
        return [token]
    count = int(-(-total_s // LONGEST_TOKEN_S))
    size = -(-len(token) // count)
    # A combining mark stays with its letter.
    starts = [start for start in range(0, len(token), size) if not start or not unicodedata.combining(token[start])]
    return [token[start:end] for start, end in zip(starts, [*starts[1:], len(token)], strict=True)]


def _gathered(phrases: Sequence[str], total_s: float) -> list[str]:
    """The phrases of a long token, gathered into parts of about the same length."""
    part_s = total_s / -(-total_s // LONGEST_TOKEN_S)
    parts = [""]
    done_s = 0.0
    for phrase in phrases:
        phrase_s = speech_s((phrase,))
        if parts[-1] and done_s + phrase_s / 2 > part_s * len(parts):
            parts.append("")
        parts[-1] += phrase
        done_s += phrase_s
    return parts


def speech_s(tokens: Sequence[str]) -> float:
    """Seconds that `tokens` take to say, pauses included: an estimate that needs no voice."""
    return sum(_known_s(token) if len(token) <= LONGEST_KNOWN else _token_s(token) for token in tokens)


# Words come again, in a text and in each look at where to cut it; what is longer is no word, and not to be kept.
LONGEST_KNOWN = 24


@lru_cache(maxsize=4096)
def _known_s(token: str) -> float:
    return _token_s(token)


def _token_s(token: str) -> float:
    """About 160 words a minute for English words; a digit is a word of its own, a Han character a syllable."""
    seconds = 0.3 if token in DASHES else 0.08
    for char in token:
        if char.isdigit():
            seconds += 0.22
        elif "\u2e80" <= char <= "\ud7ff":
            seconds += 0.2
        elif char.isalpha():
            seconds += 0.056
    last = token.rstrip(CLOSERS)[-1:]
    if last in CLAUSE_STOPS and last:
        return seconds + 0.25
    return seconds + (0.45 if last in ".!?…。！？।؟" and last else 0.0)
