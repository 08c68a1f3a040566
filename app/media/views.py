"""What a scene shows beneath its captions, drawn frame by frame: one view for each kind of source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.domain.sources import Background
from app.media.card import card_planes
from app.media.children import no_children_left
from app.media.footage import FootageReader
from app.media.motion import motion_within, window_at
from app.media.picture_planes import load_planes
from app.media.sources import CardSource, FootagePiece, Source, WithEffect
from app.media.title_card import TitleCardView
from app.media.warp import FramePlanes, Warp

if TYPE_CHECKING:
    from app.media.clip import ClipSpec


class View(Protocol):
    def draw(self, number: int, frame: FramePlanes) -> None:
        """Fill `frame` with what frame `number` of the scene shows. Frames are asked for in order."""


@contextmanager
def open_view(source: Source, spec: ClipSpec, still_wanted: Callable[[], None]) -> Iterator[View]:
    """BadMedia when the source cannot be read. `still_wanted` is called while a decoder is waited for; it may raise."""
    match source:
        case Background():
            yield CardView(source, spec)
        case CardSource():
            yield TitleCardView(source, spec)
        case FootagePiece():
            with FootageReader(source, spec.width_px, spec.height_px, spec.fps, still_wanted) as reader:
                yield FootageView(reader)
        case WithEffect():
            # Imported here: it loads MoviePy, which no scene without an effect needs.
            from app.media.effect_view import EffectView

            # Left last, when the decoder beneath the effect has ended.
            with no_children_left(), EffectView(source, spec, still_wanted) as view:
                yield view
        case _:
            yield PictureView(source, spec)


class PictureView:
    """A still picture under a slowly moving camera."""

    def __init__(self, picture: Path, spec: ClipSpec) -> None:
        self._spec = spec
        planes = load_planes(picture, spec.width_px, spec.height_px)
        self._motion = motion_within(spec.motion) if planes.is_inset else spec.motion
        self._warp = Warp(planes, spec.width_px, spec.height_px)

    def draw(self, number: int, frame: FramePlanes) -> None:
        spec = self._spec
        self._warp.draw(window_at(spec.number, number, spec.frames, spec.fps, self._motion), frame)


class CardView:
    """A card at rest: moving it would show nothing."""

    def __init__(self, background: Background, spec: ClipSpec) -> None:
        self._planes = card_planes(background, spec.width_px, spec.height_px)

    def draw(self, number: int, frame: FramePlanes) -> None:
        frame.copy_from(self._planes)


class FootageView:
    """A video that plays; it has a motion of its own."""

    def __init__(self, reader: FootageReader) -> None:
        self._reader = reader

    def draw(self, number: int, frame: FramePlanes) -> None:
        frame.copy_from(self._reader.next_frame())
