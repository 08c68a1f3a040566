"""Speech with the time of each word: what a voice gives and captions need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One token of the scene's text (`sentences.tokens_of`), with its times in seconds from the start of the sound.

    `glued`: it stands beside the word before it without a space, as most do in scripts that write none.
    """

    text: str
    start_s: float
    end_s: float
    glued: bool = False


@dataclass(frozen=True)
class Speech:
    """`words` match the tokens of the spoken text one to one and in order; times never go back."""

    duration_s: float
    words: tuple[Word, ...]
