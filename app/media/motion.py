"""Where the camera looks: a slow move over a still picture, in and out by turns.

Pure. A scene's first window depends on its number and the template alone, so that the scene before can hold it
still while it fades there, and the scene's own clip goes on from the very same view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.template import ACROSS, DRIFT, Motion, Move

EASE_IN_S = 0.5  # the move starts from rest: the fade before it showed the picture still
FULL_MOVE_S = 2.6  # no scene goes through its whole move faster than this; a shorter one goes less far
STANDARD = Motion()


@dataclass(frozen=True)
class Window:
    """The part of the picture that fills the frame, as fractions of its width and height (the same `size` of both)."""

    left: float
    top: float
    size: float

    @property
    def centred(self) -> Window:
        """The same zoom on the picture's middle."""
        return Window((1 - self.size) / 2, (1 - self.size) / 2, self.size)


def _window(zoom: float, x: float, y: float) -> Window:
    """`x` and `y` from -1 to 1 say where the window lies in the room that the zoom leaves; 0 is the middle."""
    size = 1 / zoom
    room = (1 - size) / 2
    return Window(room * (1 + x), room * (1 + y), size)


# Where in its room the closer end of a move in or out lies, by scene number: each drifts another way than the one
# before.
_DRIFTS = ((DRIFT, -DRIFT), (-DRIFT, -0.3), (-DRIFT, 0.3), (DRIFT, DRIFT))
# Where a move across the picture begins; it ends on the other side.
_ACROSS = {Move.LEFT: (ACROSS, 0.0), Move.RIGHT: (-ACROSS, 0.0), Move.UP: (0.0, ACROSS), Move.DOWN: (0.0, -ACROSS)}
_WHOLE = _window(1.0, 0.0, 0.0)


def _move(number: int, motion: Motion) -> tuple[Window, Window]:
    """First and last window of scene `number`'s full move."""
    move, zoom = motion.moves[(number - 1) % len(motion.moves)], 1 + motion.zoom
    if move in _ACROSS:
        x, y = _ACROSS[move]
        return _window(zoom, x, y), _window(zoom, -x, -y)
    close = _window(zoom, *_DRIFTS[(number - 1) % len(_DRIFTS)])
    return (_WHOLE, close) if move == Move.IN else (close, _WHOLE)


def motion_within(motion: Motion) -> Motion:
    """The motion for a picture that sits on its own blur: it cannot be crossed, only come closer to."""
    turns = (Move.IN, Move.OUT)
    moves = tuple(turns[at % 2] if move in _ACROSS else move for at, move in enumerate(motion.moves))
    return replace(motion, moves=moves)


def start_window(number: int, motion: Motion = STANDARD) -> Window:
    """The view with which scene `number` (from 1) begins."""
    return _move(number, motion)[0]


def window_at(number: int, frame: int, frames: int, fps: int, motion: Motion = STANDARD) -> Window:
    """The view of scene `number` in frame `frame` of its `frames`: at rest in frame 0, then at constant speed."""
    first, last = _move(number, motion)
    duration_s = frames / fps
    reach = min(1.0, duration_s / FULL_MOVE_S)
    part = reach * _travelled_s(frame / fps) / _travelled_s(duration_s)
    return Window(
        first.left + (last.left - first.left) * part,
        first.top + (last.top - first.top) * part,
        first.size + (last.size - first.size) * part,
    )


def _travelled_s(time_s: float) -> float:
    """Way after `time_s` at a speed that rises from 0 to 1 over EASE_IN_S and then stays."""
    if time_s < EASE_IN_S:
        return time_s**2 / (2 * EASE_IN_S)
    return time_s - EASE_IN_S / 2
