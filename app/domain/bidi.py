"""The visual order of a line that mixes scripts written from the left and from the right.

The Unicode Bidirectional Algorithm (https://www.unicode.org/reports/tr9/) without what captions never hold:
embeddings, overrides and isolates are format characters, and those are not drawn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_STRONG = ("L", "R", "AL")
_NEUTRAL = ("B", "S", "WS", "ON", "BN")
_CLOSING = {"(": ")", "[": "]", "{": "}", "«": "»", "‹": "›"}


def base_level(text: str) -> int:
    """1 for a text that is mostly written from the right, else 0.

    By the majority of its words, not by the first letter: an Arabic sentence may begin with a Latin name.
    """
    firsts = [strong[0] for word in text.split() if (strong := _strong_of(word))]
    from_right = sum(kind != "L" for kind in firsts)
    if 2 * from_right == len(firsts):
        return int(bool(firsts) and firsts[0] != "L")
    return int(2 * from_right > len(firsts))


def _strong_of(word: str) -> list[str]:
    return [kind for char in word if (kind := unicodedata.bidirectional(char)) in _STRONG]


def levels_of(text: str, base: int) -> list[int]:
    """The embedding level of each character: even is written from the left, odd from the right."""
    edge = "R" if base else "L"
    found = [unicodedata.bidirectional(char) or "L" for char in text]
    classes = _resolved_neutrals(text, _resolved_weak(found, edge), edge)
    levels = [_implicit(base, kind) for kind in classes]
    # L1: white space at the end of a line is the paragraph's.
    for at in range(len(text) - 1, -1, -1):
        if found[at] not in ("WS", "S", "B", "BN"):
            break
        levels[at] = base
    return levels


def visual_order(items: Sequence[T], levels: Sequence[int]) -> list[T]:
    """`items` as they stand from left to right (rule L2): whatever has a level of at least n is turned, n falling."""
    order = list(range(len(items)))
    for level in range(max(levels, default=0), 0, -1):
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[at:end] = reversed(order[at:end])
            at = end + 1
    return [items[index] for index in order]


def _resolved_weak(found: Sequence[str], edge: str) -> list[str]:
    """Rules W1 to W7: marks, numbers, and the signs between and beside them."""
    kinds = list(found)
    strong = before = edge
    for at, kind in enumerate(kinds):
        if kind == "NSM":  # W1
            kinds[at] = before
        elif kind == "EN" and strong == "AL":  # W2
            kinds[at] = "AN"
        before = kinds[at]
        if before in _STRONG:
            strong = before
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for at in range(1, len(kinds) - 1):  # W4
        around = kinds[at - 1]
        if around == kinds[at + 1] and (
            (around == "EN" and kinds[at] in ("ES", "CS")) or (around == "AN" and kinds[at] == "CS")
        ):
            kinds[at] = around
    for steps in (range(len(kinds)), range(len(kinds) - 1, -1, -1)):  # W5
        before = edge
        for at in steps:
            if kinds[at] == "ET" and before == "EN":
                kinds[at] = "EN"
            before = kinds[at]
    strong = edge
    for at, kind in enumerate(kinds):
        if kind in ("ES", "CS", "ET"):  # W6
            kinds[at] = "ON"
        elif kind == "EN" and strong == "L":  # W7
            kinds[at] = "L"
        if kinds[at] in ("L", "R"):
            strong = kinds[at]
    return kinds


def _resolved_neutrals(text: str, weak: Sequence[str], edge: str) -> list[str]:
    """Rules N0 to N2: brackets go with what they hold, other neutrals with their two sides if these agree."""
    kinds = list(weak)
    for opening, closing in _bracket_pairs(text, kinds):  # N0
        inside = {_side(kind) for kind in kinds[opening + 1 : closing]} - {""}
        if edge in inside:
            kinds[opening] = kinds[closing] = edge
        elif inside:
            (other,) = inside
            before = next((side for kind in reversed(kinds[:opening]) if (side := _side(kind))), edge)
            kinds[opening] = kinds[closing] = other if before == other else edge
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] in _NEUTRAL:
            end += 1
        if end > at:  # N1, N2
            before = _side(kinds[at - 1]) if at else edge
            after = _side(kinds[end]) if end < len(kinds) else edge
            kinds[at:end] = [before if before == after else edge] * (end - at)
        at = end + 1
    return kinds


def _bracket_pairs(text: str, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """In the order of the opening ones; a bracket without its other half is none."""
    pairs, open_at = [], list[int]()
    for at, char in enumerate(text):
        if kinds[at] != "ON":
            continue
        if char in _CLOSING:
            open_at.append(at)
        for depth in range(len(open_at) - 1, -1, -1):
            if _CLOSING[text[open_at[depth]]] == char:
                pairs.append((open_at[depth], at))
                del open_at[depth:]
                break
    return sorted(pairs)


def _side(kind: str) -> str:
    """Numbers count as written from the right among neutrals."""
    return {"L": "L", "R": "R", "EN": "R", "AN": "R"}.get(kind, "")


def _implicit(base: int, kind: str) -> int:
    """Rules I1 and I2."""
    if base % 2 == 0:
        return base + {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)
    return base + (kind in ("L", "EN", "AN"))
