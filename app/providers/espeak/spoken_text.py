"""What espeak-ng is given to say for each word that the captions show.

The two are the same except where its reading would sound wrong: a stop that ends no sentence makes a
long pause, and in English it spells units out, counts years in thousands and says "roman two".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.abbreviations import BEFORE_NUMBER
from app.domain.sentences import CLOSERS, DASHES, OPENERS, STOPS, group_sentences
from app.providers.espeak.english import english_form

# Symbols that have a name every language says; all others only separate.
_SAID_SYMBOLS = frozenset("&%+=$€£¥₹#@×÷±−<>°§©®™√∞")
# Replacement and non-characters make the library misread the rest of the text; its own commands begin with U+0001.
_UNSAYABLE = re.compile("[\x00-\x1f\x7f\ufffc-\uffff\ufdd0-\ufdef]")


@dataclass(frozen=True)
class SpokenText:
    """`text` is what is said; `starts[i]` is where the form of token `i` begins in it, in characters."""

    text: str
    starts: tuple[int, ...]
    is_said: tuple[bool, ...]


def spoken_text(tokens: Sequence[str], language: str) -> SpokenText:
    """The text to say for `tokens`, one form each; a token that is not said has an empty form or a dash."""
    last_of_sentence = {-1}
    for sentence in group_sentences(tokens):
        last_of_sentence.add(max(last_of_sentence) + len(sentence))
    forms = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index and index - 1 not in last_of_sentence else ""
        after = tokens[index + 1] if index not in last_of_sentence and index + 1 < len(tokens) else ""
        forms.append(_form(token, before, after, language, is_last=index in last_of_sentence))
    starts = []
    position = 0
    for form in forms:
        starts.append(position)
        position += len(form) + 1
    return SpokenText(" ".join(forms), tuple(starts), tuple(map(_is_said, forms)))


def _form(token: str, before: str, after: str, language: str, *, is_last: bool) -> str:
    token = _UNSAYABLE.sub(" ", token)
    if token in DASHES:
        return "—"
    if not _is_said(token):
        # Bare punctuation still pauses or ends a sentence (French writes "vraiment ?").
        return "".join(char for char in token if char in STOPS or char in ",;:")
    core = token.rstrip(CLOSERS)
    closers = token[len(core) :]
    if core.endswith(".") and not core.endswith("..") and not is_last and not _is_label(core, before):
        # No pause after "Dr." or "J.": the sentence goes on. A stop inside (e.g., a.m.) tells how to read the word.
        core = core if "." in core[:-1] else core[:-1]
        if not core.strip(OPENERS):
            return ""
    if language.split("-")[0] == "en":
        core = english_form(core, before, after)
    elif core.rstrip(".").casefold() in BEFORE_NUMBER and after[:1].isdigit():
        core = core.rstrip(".")
    return core + closers


def _is_label(core: str, before: str) -> bool:
    """The number of a list item keeps its pause."""
    return not before and core[:-1].isdigit() and len(core) <= 4


def _is_said(text: str) -> bool:
    return any(char.isalnum() or char in _SAID_SYMBOLS or unicodedata.category(char) == "So" for char in text)
