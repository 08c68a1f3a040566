"""Where sentences end: a token at a time, from the token itself and the one after it.

A token is what stands between spaces. A stop ends a sentence unless it belongs to the word (abbreviations,
initials, list labels) or the sentence plainly goes on (a lower-case word follows). Stops inside a token
(`3.14`, `v2.0`, `README.md`, `example.com`) never end anything, except the stops of scripts that put
no space after them. Every function here is linear in the length of its text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from app.domain.abbreviations import (
    AFTER_NUMBER,
    BEFORE_NUMBER,
    DEGREES,
    MAYBE_FINAL,
    MONTHS,
    NEVER_FINAL,
    NEVER_FINAL_PAIRS,
    SENTENCE_OPENERS,
    TITLES,
)

CLOSERS = "\"'”’»›)]}」』】》〉）］＂＇"
OPENERS = "\"'“‘„‚«‹([{「『【《〈（［¿¡＂＇"
# Stops of scripts without capital letters or with a stop of their own: they end a sentence whatever follows.
FIRM_STOPS = "。．｡！？।॥؟۔։።፧។၊။‼⁇⁈⁉"
STOPS = ".!?…" + FIRM_STOPS
CLAUSE_STOPS = ",;:，、；：､،؛;·፣፤၊"
DASHES = frozenset({"—", "–", "--", "---", "-", "―", "‒"})
# Where an unspaced script may be parted into tokens: after its stops and commas, closers included.
_UNSPACED_STOPS = "。．｡！？，、；：､"
_NOT_BEFORE = f"(?![{re.escape(CLOSERS)}{_UNSPACED_STOPS}।॥…])"
_UNSPACED_BREAK = re.compile(
    f"(?<=[{_UNSPACED_STOPS}।॥។]){_NOT_BEFORE}|(?<=[{_UNSPACED_STOPS}][」』】》〉）］”’]){_NOT_BEFORE}"
)
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
# Spanish doubles the letters of a plural: "EE. UU.", "FF. AA.".
_DOUBLED = re.compile(r"([^\W\d_a-z])\1\.")
LIST_LABEL = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]")


def tokens_of(text: str) -> list[str]:
    """The words of `text` as captions show them; unspaced scripts are parted after their stops and commas."""
    return [part for token in text.split() for part in _UNSPACED_BREAK.split(token) if part]


def glued_of(text: str, tokens: Iterable[str]) -> list[bool]:
    """For each of the tokens that `text` is made of: whether it stands beside the one before it, without a space."""
    glued: list[bool] = []
    at = 0
    for token in tokens:
        start = text.index(token, at)
        glued.append(bool(glued) and start == at)
        at = start + len(token)
    return glued


def split_sentences(text: str) -> list[str]:
    """The sentences of one paragraph, each of single-spaced tokens. No text gives no sentence."""
    return [" ".join(sentence) for sentence in group_sentences(tokens_of(text))]


def group_sentences(tokens: Sequence[str]) -> list[list[str]]:
    """The same for tokens: every token lands in exactly one sentence, in order."""
    sentences: list[list[str]] = []
    current: list[str] = []
    # Some people never write capitals; for them a lower-case word after a stop does open a sentence.
    capitals = writes_capitals(tokens)
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        current.append(token)
        if following is None or ends_sentence(current, following, capitals=capitals):
            sentences.append(current)
            current = []
    return sentences


def writes_capitals(tokens: Iterable[str]) -> bool:
    """False when the first cased letter of the text is a small one."""
    for token in tokens:
        for char in token:
            if char.isalpha() and char.lower() != char.upper():
                return not char.islower()
    return True


def ends_sentence(current: Sequence[str], following: str, *, capitals: bool = True) -> bool:
    """Whether the last token of `current` (a sentence so far) ends it, given the token that follows."""
    core = current[-1].rstrip(CLOSERS)
    if not core and len(current) > 1:
        # French sets a space before its closing quote: the stop is at the end of the word before.
        core = current[-2].rstrip(CLOSERS)
    if not core or core[-1] not in STOPS:
        return False
    if not following.rstrip(CLOSERS):
        return False
    if core[-1] in FIRM_STOPS:
        return True
    # «Hello.» — said he: what follows a dash still belongs to the sentence.
    if following in DASHES:
        return False
    # A sentence of nothing but its label ("1.", "a)", "IV.") is the number of a list item.
    if len(current) == 1 and LIST_LABEL.fullmatch(core):
        return False
    next_core = following.lstrip(OPENERS)
    goes_on = bool(next_core) and next_core[0].islower() and not _is_camel(next_core)
    if goes_on and (capitals or len(core) < 5):
        return False
    if core.endswith((".", "…")) and not core.endswith(("..", "…")):
        return _full_stop_ends(core, next_core, current)
    return True


def _full_stop_ends(core: str, next_core: str, current: Sequence[str]) -> bool:
    """The single full stop, the only ambiguous one: `core` ends with it, `next_core` is the next token's letters."""
    word = core.lstrip(OPENERS)[:-1]
    folded = word.casefold()
    opens = _opens_sentence(next_core)
    before_digit = next_core[:1].isdigit()
    previous = current[-2].lstrip(OPENERS) if len(current) > 1 else ""
    if folded in NEVER_FINAL or (folded in BEFORE_NUMBER and before_digit):
        return False
    if f"{previous.casefold()}_{folded}" in NEVER_FINAL_PAIRS:
        return False
    if folded in DEGREES and previous.endswith(".") and previous[:-1].casefold() in TITLES | DEGREES:
        return opens
    if _DOUBLED.fullmatch(word + "."):
        # The second half may end a sentence like any abbreviation; alone it is no plural ("Part II.").
        if _DOUBLED.fullmatch(next_core.rstrip(CLOSERS + CLAUSE_STOPS)):
            return False
        if _DOUBLED.fullmatch(previous):
            return opens
    if folded in AFTER_NUMBER and previous[-1:].isdigit():
        return opens
    if folded in TITLES and word[0].isupper():
        # "On Main St. The …" is the one title that is a street as well; "Jr." and "Sr." stand behind the name.
        return folded in ("st", "sr") and opens
    if folded in MAYBE_FINAL:
        return opens and not (before_digit and folded in MONTHS)
    if len(word) == 1 and word.isalpha():
        # An initial, unless a word that opens sentences follows ("plan B. The …").
        return opens and not (len(current) > 1 and _is_initial(current[-2]))
    if _ACRONYM.fullmatch(core):
        return opens
    if word.isdigit() and len(word) <= 2:
        # "am 5. Mai", "the 21. Jahrhundert": an ordinal far more often than the last word of a sentence.
        return next_core.casefold().rstrip(".,") not in MONTHS and (opens or _is_uncased(next_core))
    return True


def _opens_sentence(next_core: str) -> bool:
    word = re.split(r"['’,]", next_core, maxsplit=1)[0].rstrip(".!?:;").casefold()
    return word in SENTENCE_OPENERS or _is_uncased(next_core)


def _is_uncased(text: str) -> bool:
    """Whether `text` begins with a letter of a script without capitals, where case says nothing."""
    return bool(text) and text[0].isalpha() and unicodedata.category(text[0]) == "Lo"


def _is_initial(token: str) -> bool:
    core = token.lstrip(OPENERS)
    return len(core) == 2 and core[0].isalpha() and core[1] == "."


def _is_camel(word: str) -> bool:
    """`iPhone`, `eBay`: written so even at the start of a sentence."""
    return len(word) > 1 and word[0].islower() and word[1].isupper()
