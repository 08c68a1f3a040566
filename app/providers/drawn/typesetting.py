"""Typesetting: breaking words into lines that are balanced, and finding the largest size that fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_LINES = 6
MEASURING_PX = 200  # Widths scale linearly, so they are measured once, at this size.


@dataclass(frozen=True)
class Setting:
    """Lines at a size in pixels."""

    lines: tuple[str, ...]
    size_px: int


def set_lines(
    text: str, width_of: Callable[[str], float], box_px: tuple[float, float], leading: float, sizes_px: tuple[int, int]
) -> Setting | None:
    """The best setting of `text` in a box of `box_px` (width, height); None when it does not fit at the smallest size.

    `width_of` measures a line at MEASURING_PX; `sizes_px` are the smallest and largest size allowed. Larger type is
    better; each further line, a lonely last word and an uneven edge cost a little.
    """
    words = text.split()
    smallest, largest = sizes_px
    best: Setting | None = None
    best_score = 0.0
    for count in range(1, min(MAX_LINES, len(words)) + 1):
        lines = break_evenly(words, count, width_of)
        widths = [width_of(line) for line in lines]
        by_width = box_px[0] / max(widths) * MEASURING_PX
        by_height = box_px[1] / (1 + (count - 1) * leading)
        size = int(min(by_width, by_height, largest))
        if size < smallest:
            continue
        is_lonely = count > 1 and widths[-1] < 0.34 * max(widths)
        score = size * 0.96**count * (0.8 if is_lonely else 1.0) * (0.72 + 0.28 * min(widths) / max(widths))
        if score > best_score:
            best, best_score = Setting(tuple(lines), size), score
    return best


def break_evenly(words: Sequence[str], count: int, width_of: Callable[[str], float]) -> list[str]:
    """`count` lines whose widths differ least (least squares of the free space), never ending on a small word."""
    total = width_of(" ".join(words))
    ideal = total / count
    # cost[i] is the cheapest way to set words[i:] in the lines that are left; filled from the last line up.
    ends = len(words)
    costs: dict[int, tuple[float, list[str]]] = {ends: (0.0, [])}
    for left in range(1, count + 1):
        step: dict[int, tuple[float, list[str]]] = {}
        for start in range(count - left, ends - left + 1):
            for stop in range(start + 1, ends - left + 2):
                if stop not in costs:
                    continue
                line = " ".join(words[start:stop])
                cost = (width_of(line) / ideal - 1) ** 2 + costs[stop][0]
                if stop < ends and len(words[stop - 1]) <= 2:
                    cost += 0.05
                if start not in step or cost < step[start][0]:
                    step[start] = (cost, [line, *costs[stop][1]])
        costs = step
    return costs[0][1]
