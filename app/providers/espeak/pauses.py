"""Pauses as a narrator makes them: the silence at each clause's end gets the length that its punctuation asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.sentences import CLOSERS, DASHES, LIST_LABEL, STOPS
from app.providers.espeak.library import SAMPLE_RATE_HZ, Event, RawSpeech

COMMA_PAUSE_S = 0.2
STRONG_PAUSE_S = 0.32
SENTENCE_PAUSE_S = 0.5
# What is left before the first and after the last sound.
EDGE_S = 0.04
# A sound's quiet attack and decay around a pause stay with it.
MARGIN_S = 0.012
FADE_S = 0.004
# Of full scale; espeak-ng's silences are exact zeros, its weakest consonants are well above.
QUIET_LEVEL = 50


@dataclass(frozen=True)
class Pause:
    """A silent stretch of the raw sound and the length it is to have, all in samples."""

    start: int
    end: int
    wanted: int


@dataclass(frozen=True)
class ShapedSpeech:
    """The sound with its pauses set, and the map from the raw sound's samples to its own."""

    samples: NDArray[np.int16]
    raw_points: NDArray[np.float64]
    shaped_points: NDArray[np.float64]
    pauses: tuple[Pause, ...]

    def seconds_at(self, raw_sample: float) -> float:
        return float(np.interp(raw_sample, self.raw_points, self.shaped_points)) / SAMPLE_RATE_HZ


def pause_after(tokens: Sequence[str]) -> float:
    """Seconds of silence after a clause that ends with `tokens`: its last word and the bare punctuation after it."""
    if any(token in DASHES for token in tokens[1:]):
        return STRONG_PAUSE_S
    last = "".join(token.rstrip(CLOSERS)[-1:] for token in tokens if token.rstrip(CLOSERS))[-1:]
    if last and last in STOPS:
        # The number of a list item belongs to what follows.
        return STRONG_PAUSE_S if LIST_LABEL.fullmatch(tokens[0]) else SENTENCE_PAUSE_S
    return STRONG_PAUSE_S if last and last in ";:；：؛—" else COMMA_PAUSE_S


def shape_pauses(raw: RawSpeech, wanted_s: Sequence[tuple[Event, float]]) -> ShapedSpeech:
    """Set the pause at each clause end of `wanted_s`; trim the silence before the first and after the last sound."""
    samples = raw.samples
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET_LEVEL)
    if len(loud) == 0:
        return ShapedSpeech(samples, np.array([0.0, 1.0]), np.array([0.0, 1.0]), ())
    margin = round(MARGIN_S * SAMPLE_RATE_HZ)
    edge = round(EDGE_S * SAMPLE_RATE_HZ) - margin
    pauses = [Pause(0, max(0, int(loud[0]) - margin), edge)]
    for event, pause_s in wanted_s:
        after = int(np.searchsorted(loud, event.sample))
        if 0 < after < len(loud):
            start, end = int(loud[after - 1]) + margin, int(loud[after]) - margin
            if end > start >= pauses[-1].end:
                pauses.append(Pause(start, end, round(pause_s * SAMPLE_RATE_HZ) - 2 * margin))
    pauses.append(Pause(min(len(samples), int(loud[-1]) + margin), len(samples), edge))
    return _assemble(samples, pauses)


def _assemble(samples: NDArray[np.int16], pauses: Sequence[Pause]) -> ShapedSpeech:
    fade = np.linspace(0.0, 1.0, round(FADE_S * SAMPLE_RATE_HZ))
    parts: list[NDArray[np.int16]] = []
    raw_points: list[float] = []
    shaped_points: list[float] = []
    length = 0
    for pause, following in zip(pauses, [*pauses[1:], None], strict=True):
        raw_points += [pause.start, pause.end]
        shaped_points += [length, length + pause.wanted]
        parts.append(np.zeros(pause.wanted, np.int16))
        length += pause.wanted
        if following is not None:
            sound = samples[pause.end : following.start].astype(np.float64)
            # The cut edges are nearly silent; the fades make sure that none of them clicks.
            size = min(len(fade), len(sound) // 2)
            sound[:size] *= fade[:size]
            sound[len(sound) - size :] *= fade[:size][::-1]
            parts.append(np.rint(sound).astype(np.int16))
            length += len(sound)
    raw_axis, shaped_axis = np.array(raw_points, float), np.array(shaped_points, float)
    return ShapedSpeech(np.concatenate(parts), raw_axis, shaped_axis, tuple(pauses[1:-1]))
