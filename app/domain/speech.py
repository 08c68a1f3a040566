"""Speech with the time of each word: what a voice gives and captions need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One token of the scene's text (`text.split(" ")`), with its times in seconds from the start of the sound."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """`words` match the tokens of the spoken text one to one and in order; times never go back."""

    duration_s: float
    words: tuple[Word, ...]
