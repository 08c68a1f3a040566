"""A title card in motion: its ground, its words, a logo, and a rule that grows beneath the first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.caption_style import rgb_of
from app.media.card import card_planes
from app.media.colour import ycbcr_of
from app.media.logo import card_logo_stamp, card_size, load_logo
from app.media.sources import CardSource
from app.media.stamp import Sheet, Stamp, even
from app.media.warp import FramePlanes
from app.typography.title_setting import SetTitle, set_tall_title, set_title

if TYPE_CHECKING:
    from app.media.clip import ClipSpec

FADES_IN_S = 0.45
RULE_GROWS_IN_S = 0.8
# Of the shorter side.
FIRST_SIZE, OTHER_SIZE = 0.115, 0.052
RULE_WIDTH, RULE_HEIGHT = 0.2, 0.011
GAP = 0.05
LOGO_SIDE = 0.17
MARGIN = 0.1  # of the width, each side
MOST_LINES = 4
TALLEST = 0.5  # of the height: what a long title may take of it


class TitleCardView:
    """The first card of a video is whole in its first frame, which players show at rest; another's words come in."""

    def __init__(self, source: CardSource, spec: ClipSpec) -> None:
        card = source.card
        self._ground = card_planes(card.background, spec.width_px, spec.height_px)
        self._fps = spec.fps
        self._fades_in = source.fades_in
        self._rule_levels = ycbcr_of(rgb_of(card.accent))
        self._stamps, self._rule = _compose(source, spec)

    def draw(self, number: int, frame: FramePlanes) -> None:
        frame.copy_from(self._ground)
        at_s = number / self._fps
        shown = min(1.0, at_s / FADES_IN_S) if self._fades_in else 1.0
        for stamp in self._stamps if shown > 0 else ():
            (stamp if shown == 1.0 else stamp.faded(shown)).lay_over(frame)
        grown = 1 - (1 - min(1.0, at_s / RULE_GROWS_IN_S)) ** 3
        self._draw_rule(frame, grown)

    def _draw_rule(self, frame: FramePlanes, grown: float) -> None:
        left, top, right, bottom = self._rule
        middle, half = (left + right) / 2, (right - left) / 2 * grown
        columns = slice(even(middle - half), even(middle + half))
        for at, (plane, level) in enumerate(zip(frame.visible, self._rule_levels, strict=True)):
            scale = 1 if at == 0 else 2
            plane[top // scale : bottom // scale, columns.start // scale : columns.stop // scale] = round(level)


def _compose(source: CardSource, spec: ClipSpec) -> tuple[list[Stamp], tuple[int, int, int, int]]:
    """What is laid over the ground, and where the rule is when it has grown."""
    card, unit = source.card, min(spec.width_px, spec.height_px)
    room = spec.width_px * (1 - 2 * MARGIN)
    titles = [_set_line(line, number, source, spec, room) for number, line in enumerate(card.lines)]
    shown = [title for title in titles if title is not None]
    gap, rule_height = GAP * unit, max(2, even(RULE_HEIGHT * unit))
    logo = None if source.logo is None else load_logo(source.logo)
    logo_size = (0, 0) if logo is None else card_size(logo, LOGO_SIDE * unit)
    tall = sum(title.height_px for title in shown) + gap * max(0, len(shown) - 1) + gap + rule_height
    tall += logo_size[1] + gap * 1.2 if logo is not None else 0
    top = (spec.height_px - tall) / 2
    stamps = []
    if logo is not None:
        place = (even((spec.width_px - logo_size[0]) / 2), even(top), *logo_size)
        grounds = [rgb_of(colour) for colour in (card.background.colour, card.background.to) if colour is not None]
        stamps.append(card_logo_stamp(logo, place, grounds))
        top += logo_size[1] + gap * 1.2
    rule_width, rule_top = RULE_WIDTH * unit, top
    for number, title in enumerate(shown):
        stamps.append(_title_stamp(title, spec, top, card.text))
        top += title.height_px + gap
        if number == 0:
            rule_top = top
            top += rule_height + gap
    left = even((spec.width_px - rule_width) / 2)
    return stamps, (left, even(rule_top), left + even(rule_width), even(rule_top) + rule_height)


def _set_line(text: str, number: int, source: CardSource, spec: ClipSpec, room_px: float) -> SetTitle | None:
    unit, font = min(spec.width_px, spec.height_px), source.card.font
    if number == 0:
        room = room_px, TALLEST * spec.height_px
        return set_tall_title(text, font, size_px=FIRST_SIZE * unit, room_px=room, language=spec.language)
    size_px = OTHER_SIZE * unit
    return set_title(text, font, size_px=size_px, room_px=room_px, most_lines=MOST_LINES, language=spec.language)


def _title_stamp(title: SetTitle, spec: ClipSpec, top: float, colour: str) -> Stamp:
    first, overhang = even(max(0.0, top - 4)), title.size_px * 0.2
    height = even(min(spec.height_px - first, title.height_px + 10))
    left = even(max(0.0, (spec.width_px - title.width_px) / 2 - overhang))
    width = spec.width_px - 2 * left
    sheet = Sheet(left, first, width, height)
    letters = title.draw(width, height, left_of=lambda line: (width - line.width_px) / 2, top_px=top - first)
    sheet.lay(letters, colour)
    return sheet.stamp()
