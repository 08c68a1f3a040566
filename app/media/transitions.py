"""How a scene's last frames lead to the next picture. Everything happens in the frame that is being drawn."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from app.domain.caption_style import rgb_of
from app.domain.template import Direction, Transition, TransitionKind
from app.media.colour import ycbcr_of
from app.media.stamp import even
from app.media.warp import FramePlanes

Plane = npt.NDArray[np.uint8]

EDGE = 0.035  # width of a wipe's coloured edge, of the way that it goes


def blend(frame: FramePlanes, ahead: FramePlanes, share: float, transition: Transition) -> None:
    """Bring `share` (0 to 1) of the way to `ahead` into `frame`, both of the same size."""
    match transition.kind:
        case TransitionKind.CROSSFADE:
            frame.fade_to(ahead, share)
        case TransitionKind.DIP:
            _dip(frame, ahead, share, transition.colour)
        case TransitionKind.WIPE:
            _wipe(frame, ahead, _eased(share), transition)
        case TransitionKind.SLIDE:
            _slide(frame, ahead, _eased(share), transition.direction)
        case TransitionKind.CUT:
            raise ValueError("a cut has no frames of its own")


def _dip(frame: FramePlanes, ahead: FramePlanes, share: float, colour: str | None) -> None:
    if share > 0.5:
        frame.copy_from(ahead)
    strength = 1 - abs(2 * share - 1)
    for plane, level in zip(frame.visible, _levels(colour or "#000000"), strict=True):
        cv2.addWeighted(plane, 1 - strength, plane, 0.0, strength * level, dst=plane)


def _wipe(frame: FramePlanes, ahead: FramePlanes, share: float, transition: Transition) -> None:
    levels = None if transition.colour is None else _levels(transition.colour)
    way = frame.width_px if _is_sideways(transition.direction) else frame.height_px
    band = 0 if levels is None else max(2, even(way * EDGE))
    # The edge begins and ends outside the frame, so that none of it is left standing.
    edge = even(way - share * (way + band))
    for at, (mine, theirs) in enumerate(zip(frame.visible, ahead.visible, strict=True)):
        scale = 1 if at == 0 else 2
        shown, coming = _towards_left(mine, transition.direction), _towards_left(theirs, transition.direction)
        uncovered = max(0, edge + band) // scale
        shown[:, uncovered:] = coming[:, uncovered:]
        if levels is not None:
            shown[:, max(0, edge) // scale : uncovered] = round(levels[at])


def _slide(frame: FramePlanes, ahead: FramePlanes, share: float, direction: Direction) -> None:
    way = frame.width_px if _is_sideways(direction) else frame.height_px
    moved = even(share * way)
    if not moved:
        return
    for at, (mine, theirs) in enumerate(zip(frame.visible, ahead.visible, strict=True)):
        by = moved if at == 0 else moved // 2
        shown, coming = _towards_left(mine, direction), _towards_left(theirs, direction)
        shown[:, :-by] = shown[:, by:].copy()
        shown[:, -by:] = coming[:, :by]


def _is_sideways(direction: Direction) -> bool:
    return direction in (Direction.LEFT, Direction.RIGHT)


def _towards_left(plane: Plane, direction: Direction) -> Plane:
    """The plane seen so that what moves in `direction` moves to the left."""
    upright = plane if _is_sideways(direction) else plane.T
    return upright if direction in (Direction.LEFT, Direction.UP) else upright[:, ::-1]


def _eased(share: float) -> float:
    """Slow at both ends."""
    return share * share * (3 - 2 * share)


def _levels(colour: str) -> tuple[float, float, float]:
    return ycbcr_of(rgb_of(colour))
