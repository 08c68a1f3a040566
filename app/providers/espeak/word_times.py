"""Times for the words that captions show, from the events of the words that were said.

A shown word may be said as several (1,200), as a part of one (espeak-ng runs "of the" together) or not at
all (a dash). Words with an event of their own are anchors; the others share the time around them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.scene_cuts import speech_s
from app.domain.speech import Word
from app.providers.espeak.library import SAMPLE_RATE_HZ, Event, RawSpeech
from app.providers.espeak.pauses import EDGE_S, ShapedSpeech, pause_after
from app.providers.espeak.spoken_text import SpokenText

# Two words that begin closer together than this are one event that espeak-ng reported twice.
MIN_WORD_S = 0.03


@dataclass(frozen=True)
class Anchor:
    """Token `index` begins at raw sample `sample`."""

    index: int
    sample: int


def anchors_of(raw: RawSpeech, spoken: SpokenText) -> list[Anchor]:
    """The first event of each token that is said, in order of token and of time."""
    anchors: list[Anchor] = []
    for event in raw.words:
        index = bisect_right(spoken.starts, event.position) - 1
        # A number's later words report positions up to one past its end: they stay with it.
        if index < 0 or not spoken.is_said[index]:
            continue
        if not anchors or (
            index > anchors[-1].index and event.sample - anchors[-1].sample >= MIN_WORD_S * SAMPLE_RATE_HZ
        ):
            anchors.append(Anchor(index, event.sample))
    return anchors


def wanted_pauses(raw: RawSpeech, anchors: Sequence[Anchor], tokens: Sequence[str]) -> list[tuple[Event, float]]:
    """How long the pause at each clause end should be, from the punctuation between the words around it."""
    wanted = []
    samples = [anchor.sample for anchor in anchors]
    for end in raw.ends:
        after = bisect_right(samples, end.sample - 1)
        if 0 < after < len(anchors):
            wanted.append((end, pause_after(tokens[anchors[after - 1].index : anchors[after].index])))
    return wanted


def word_times(tokens: Sequence[str], anchors: Sequence[Anchor], shaped: ShapedSpeech) -> tuple[Word, ...]:
    """One Word a token, each with start < end, none starting before the one before it ends."""
    duration_s = len(shaped.samples) / SAMPLE_RATE_HZ
    pauses = [(shaped.seconds_at(pause.start), shaped.seconds_at(pause.end)) for pause in shaped.pauses]
    at = [max(EDGE_S, _out_of_pause(shaped.seconds_at(anchor.sample), pauses)) for anchor in anchors]
    # Words of one breath before the first sound, or behind one pause, would begin at once: they share their time.
    begins = [number for number in range(len(at)) if number == 0 or at[number] > max(at[:number])]
    anchors, starts = [anchors[number] for number in begins], [at[number] for number in begins]
    words: list[Word] = []
    for number, anchor in enumerate(anchors):
        start_s = starts[number]
        is_last = number + 1 == len(anchors)
        next_start_s = duration_s if is_last else starts[number + 1]
        next_index = len(tokens) if is_last else anchors[number + 1].index
        # A word lasts until the next one begins, or until the pause before that.
        end_s = next((pause for pause, _ in pauses if start_s < pause < next_start_s), next_start_s)
        first = 0 if number == 0 else anchor.index
        silent = tokens[anchor.index + 1 : next_index]
        if silent and next_start_s - end_s >= MIN_WORD_S * len(silent) and not any(map(_is_word, silent)):
            # Dashes and the like stand in the pause that they make.
            words += _shared(tokens[first : anchor.index + 1], start_s, end_s)
            words += _shared(silent, end_s, next_start_s)
        else:
            words += _shared(tokens[first:next_index], start_s, end_s)
    return tuple(words)


def _shared(tokens: Sequence[str], start_s: float, end_s: float) -> list[Word]:
    """`tokens` one after the other between two times, each as long as it takes to say."""
    weights = [speech_s((token,)) for token in tokens]
    total = sum(weights)
    words = []
    done = 0.0
    for token, weight in zip(tokens, weights, strict=True):
        word_start_s = start_s + (end_s - start_s) * done / total
        done += weight
        words.append(Word(token, word_start_s, start_s + (end_s - start_s) * done / total))
    return words


def _out_of_pause(start_s: float, pauses: Sequence[tuple[float, float]]) -> float:
    """espeak-ng reports a clause's first word at the end of the clause before; it sounds once the pause is over."""
    return next((end for start, end in pauses if start <= start_s < end), start_s)


def _is_word(token: str) -> bool:
    return any(char.isalnum() for char in token)
