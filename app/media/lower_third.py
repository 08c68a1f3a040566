"""A lower third: a scene's title on a panel with a mark at its side, which uncovers itself and goes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.domain.caption_style import CaptionPosition
from app.domain.captions import shape_for
from app.domain.free_band import free_band
from app.media.caption_layout import BOX_PADDING, CLEARANCE, SIDE_MARGIN, foot_above_captions, lay_out
from app.media.overlays import SceneTitle
from app.media.stamp import Sheet, Stamp, even
from app.media.warp import FramePlanes
from app.typography.title_setting import set_title

if TYPE_CHECKING:
    from app.media.clip import ClipSpec

STARTS_AT_S = 0.25  # after the scene has begun: the eye is with the picture first
OPENS_IN_S = 0.45
MOST_LINES = 2
# Of the shorter side.
SIZE = 0.058
MARK = 0.018
LOGO_GAP = 0.04
# Of the font's size.
PADDING_X, PADDING_Y = 0.55, 0.42
# Of the width that the frame's margins leave: in a wide frame a title across all of it is hard to take in.
ROOM_TALL, ROOM_WIDE = 1.0, 0.62


class LowerThirdTrack:
    """One clip's lower third; its frames come in order. A logo at the foot of the frame begins at `logo_top_px`.

    `box` is what it covers when it is open: left, top, right, bottom in pixels, or None when nothing can be drawn.
    """

    def __init__(self, title: SceneTitle, spec: ClipSpec, own_frames: int, logo_top_px: int | None = None) -> None:
        found = _draw(title, spec, logo_top_px)
        self._stamp: Stamp | None = found[0] if found else None
        self._is_from_right = found is not None and found[1]
        self._first = round(STARTS_AT_S * spec.fps)
        self._end = min(own_frames, self._first + round(title.look.length_s * spec.fps))
        self._opening = max(1, round(OPENS_IN_S * spec.fps))
        self.box = None if self._stamp is None else self._stamp.box

    def lay_over(self, number: int, frame: FramePlanes) -> None:
        if self._stamp is None or not self._first <= number < self._end:
            return
        open_for = min(number - self._first + 1, self._end - number) / self._opening
        if open_for >= 1:
            self._stamp.lay_over(frame)
        elif part := self._stamp.uncovered(1 - (1 - open_for) ** 3, from_right=self._is_from_right):
            part.lay_over(frame)


def _draw(title: SceneTitle, spec: ClipSpec, logo_top_px: int | None) -> tuple[Stamp, bool] | None:
    """The whole panel, and whether it is read from the right."""
    width_px, height_px = spec.width_px, spec.height_px
    is_wide = width_px > height_px
    unit = min(width_px, height_px)
    mark = max(2, even(MARK * unit))
    padding = PADDING_X * SIZE * unit
    whole_room = width_px * (1 - 2 * SIDE_MARGIN) * (ROOM_WIDE if is_wide else ROOM_TALL)
    typeset = set_title(
        title.text,
        title.font,
        size_px=SIZE * unit,
        room_px=whole_room - mark - 2 * padding,
        most_lines=MOST_LINES,
        language=spec.language,
    )
    if typeset is None:
        return None
    panel_height = typeset.height_px + 2 * PADDING_Y * typeset.size_px
    height = even(panel_height + 1)
    width = even(mark + 2 * padding + typeset.width_px + 1)
    margin = SIDE_MARGIN * width_px
    left = even(width_px - margin - width if typeset.is_from_right else margin)
    sheet = Sheet(left, even(_foot(spec, logo_top_px) - height), width, height)
    panel = np.full((height, width), title.look.opacity, np.float32)
    sheet.lay(panel, title.look.ground)
    bar = np.zeros((height, width), np.float32)
    bar[:, width - mark :] = 1.0 if typeset.is_from_right else 0.0
    if not typeset.is_from_right:
        bar[:, :mark] = 1.0
    sheet.lay(bar, title.look.accent)
    letters = typeset.draw(
        width,
        height,
        left_of=lambda line: width - mark - padding - line.width_px if typeset.is_from_right else mark + padding,
        top_px=(height - typeset.height_px) / 2,
    )
    sheet.lay(letters, title.look.text)
    return sheet.stamp(), typeset.is_from_right


def _foot(spec: ClipSpec, logo_top_px: int | None) -> float:
    """The panel's lower edge: clear of the captions, wherever they stand, and of a logo at the foot of the frame."""
    width_px, height_px, style = spec.width_px, spec.height_px, spec.caption_style
    unit = min(width_px, height_px)
    band_foot = free_band(width_px, height_px)[1] * height_px
    free = band_foot if logo_top_px is None else logo_top_px - LOGO_GAP * unit
    if spec.caption_mode == "off":
        return free
    lines = shape_for(width_px, height_px, style).lines
    free = min(free, foot_above_captions(width_px, height_px, style, lines))
    if style.position == CaptionPosition.BOTTOM:
        # A word too long for its line makes a block taller than most. All cues of the scene are asked, not only those
        # beside the panel: every piece of a clip must find the same place.
        layouts = [lay_out(cue, width_px, height_px, style, spec.language) for cue in spec.cues]
        tops = [it.ink_top_px - (BOX_PADDING[1] + CLEARANCE) * it.size_px for it in layouts if it is not None]
        free = min([free, *tops])
    return free
