"""Typesetting: breaking words into lines that are balanced, and finding the largest size that fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from app.typography.line_setting import Line

MAX_LINES = 6
MEASURING_PX = 200  # Widths scale linearly, so they are measured once, at this size.


@dataclass(frozen=True)
class Setting:
    """Lines at a size in pixels."""

    lines: tuple[Line, ...]
    size_px: int


def set_lines(
    words: Line,
    width_of: Callable[[Line], float],
    box_px: tuple[float, float],
    leading: float,
    sizes_px: tuple[int, int],
    line_height: float = 1.0,
) -> Setting | None:
    """The best setting of `words` in a box of `box_px` (width, height); None when it does not fit at the smallest size.

    `width_of` measures a line at MEASURING_PX; `sizes_px` are the smallest and largest size allowed; one line is
    `line_height` sizes tall, and its baseline `leading` sizes below the one before. Larger type is better; each further
    line, a lonely last word and an uneven edge cost a little.
    """
    smallest, largest = sizes_px
    measured = cache(width_of)
    best: Setting | None = None
    best_score = 0.0
    for count in range(1, min(MAX_LINES, len(words)) + 1):
        lines = break_evenly(words, count, measured)
        widths = [measured(line) for line in lines]
        by_width = box_px[0] / max(widths) * MEASURING_PX
        by_height = box_px[1] / (line_height + (count - 1) * leading)
        size = int(min(by_width, by_height, largest))
        if size < smallest:
            continue
        is_lonely = count > 1 and widths[-1] < 0.34 * max(widths)
        score = size * 0.96**count * (0.8 if is_lonely else 1.0) * (0.72 + 0.28 * min(widths) / max(widths))
        if score > best_score:
            best, best_score = Setting(tuple(lines), size), score
    return best


def break_evenly(words: Line, count: int, width_of: Callable[[Line], float]) -> list[Line]:
    """`count` lines whose widths differ least (least squares of the free space), never ending on a small word."""
    ideal = width_of(words) / count
    # cost[i] is the cheapest way to set words[i:] in the lines that are left; filled from the last line up.
    ends = len(words)
    costs: dict[int, tuple[float, list[Line]]] = {ends: (0.0, [])}
    for left in range(1, count + 1):
        step: dict[int, tuple[float, list[Line]]] = {}
        for start in range(count - left, ends - left + 1):
            for stop in range(start + 1, ends - left + 2):
                if stop not in costs:
                    continue
                line = words[start:stop]
                cost = (width_of(line) / ideal - 1) ** 2 + costs[stop][0]
                # In scripts without spaces a phrase of two signs is a whole word.
                if stop < ends and len(words[stop - 1].text) <= 2 and not words[stop].glued:
                    cost += 0.05
                if start not in step or cost < step[start][0]:
                    step[start] = (cost, [line, *costs[stop][1]])
        costs = step
    return costs[0][1]
