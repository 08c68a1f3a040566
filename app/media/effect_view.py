"""A scene seen through a Python effect: its frames as a MoviePy clip, and the effect's clip as frames again.

The one place that loads MoviePy. Each frame goes from our planes to RGB and back, and through Python: slower by far
than the path without an effect, and the same in everything else.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from app.domain.effect_settings import EffectSettings
from app.domain.errors import EffectFailed, SceneworksError
from app.domain.machine_faults import said_by
from app.media.rgb_frames import Rgb, draw_rgb, rgb_of
from app.media.sources import FootagePiece, WithEffect
from app.media.warp import FramePlanes

if TYPE_CHECKING:
    from app.media.clip import ClipSpec
    from app.media.views import View

T = TypeVar("T")

# A time that is a whole number of frames may lie a little below it as a float.
_EARLY_FRAMES = 1e-3


class EffectView:
    """Use as a context. Raises EffectFailed for whatever the effect does wrong."""

    def __init__(self, shown: WithEffect, spec: ClipSpec, still_wanted: Callable[[], None]) -> None:
        self._shown, self._spec, self._still_wanted = shown, spec, still_wanted
        self._stack = ExitStack()
        self._base: View | None = None
        self._next_number = 0
        self._planes = FramePlanes.blank(spec.width_px, spec.height_px)
        self._last: tuple[int, Rgb] | None = None
        self._clip = self._guarded(self._apply)

    def __enter__(self) -> EffectView:
        return self

    def draw(self, number: int, frame: FramePlanes) -> None:
        """Fill `frame` with frame `number` of the effect's clip; past its end with the last one."""
        self._still_wanted()
        draw_rgb(self._guarded(lambda: self._frame_at(number / self._spec.fps)), frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _apply(self) -> Any:
        try:
            from moviepy import VideoClip
        except ImportError as error:
            raise EffectFailed("MoviePy is not installed on this worker: pip install 'sceneworks[effects]'") from error
        self._check_settings()
        spec = self._spec
        base = VideoClip(frame_function=self._base_at, duration=spec.frames / spec.fps).with_fps(spec.fps)
        clip = self._shown.function(base, **self._shown.settings)
        if not isinstance(clip, VideoClip):
            raise EffectFailed(f"the effect {self._shown.name} gives back {type(clip).__name__}, not a clip of MoviePy")
        return clip

    def _check_settings(self) -> None:
        """EffectFailed for settings that the function does not take: its own error would name a line of this file."""
        shown = self._shown
        try:
            takes = EffectSettings.of(inspect.signature(shown.function))
        except (TypeError, ValueError):
            return  # It does not tell, as what is written in C may not.
        if (fault := takes.fault(shown.name, shown.settings)) is not None:
            raise EffectFailed(fault.message)

    def _frame_at(self, at_s: float) -> Rgb:
        clip, spec = self._clip, self._spec
        if clip.duration is not None:
            at_s = min(at_s, max(0.0, clip.duration - 1 / spec.fps))
        rgb = np.asarray(clip.get_frame(at_s))
        if rgb.shape != (spec.height_px, spec.width_px, 3):
            given = "×".join(map(str, rgb.shape[1::-1])) if rgb.ndim == 3 else f"an array of {rgb.ndim} dimensions"
            raise EffectFailed(
                f"the effect {self._shown.name} gives {given} instead of {spec.width_px}×{spec.height_px} pixels"
            )
        if clip.mask is not None:
            # What a mask leaves out is black: there is nothing behind a scene.
            rgb = rgb * np.clip(np.asarray(clip.mask.get_frame(at_s)), 0.0, 1.0)[..., np.newaxis]
        if rgb.dtype != np.uint8 and not np.isfinite(rgb).all():
            raise EffectFailed(f"the effect {self._shown.name} gives no picture: it has values like NaN")
        return np.clip(np.rint(rgb), 0, 255).astype(np.uint8) if rgb.dtype != np.uint8 else rgb

    def _base_at(self, at_s: float) -> Rgb:
        """The scene without the effect, in RGB. At any time, in any order: an effect may turn the clip round."""
        number = min(max(0, int(at_s * self._spec.fps + _EARLY_FRAMES)), self._spec.frames - 1)
        if self._last is None or self._last[0] != number:
            self._still_wanted()
            self._draw_base(number)
            self._last = number, rgb_of(self._planes)
        # A copy, for an effect may draw into what it is given.
        return self._last[1].copy()

    def _draw_base(self, number: int) -> None:
        from app.media.views import open_view

        # A video is decoded in order only; going back means beginning again.
        is_in_order = isinstance(self._shown.source, FootagePiece)
        if self._base is None or (is_in_order and number < self._next_number):
            self._stack.close()
            self._base = self._stack.enter_context(open_view(self._shown.source, self._spec, self._still_wanted))
            self._next_number = 0
        for skipped in range(self._next_number, number) if is_in_order else ():
            self._base.draw(skipped, self._planes)
        self._base.draw(number, self._planes)
        self._next_number = number + 1

    def _guarded(self, act: Callable[[], T]) -> T:
        """Do what runs the effect's code; what goes wrong there is the effect's fault."""
        try:
            return act()
        except SceneworksError:
            raise
        except BaseException as error:
            # Also what is no Exception, as KeyboardInterrupt and CancelledError: let through, it would end the worker's
            # task instead of the step, and no worker has it from anywhere else.
            # Where our own code stands there it was handed something: its author finds nothing there.
            places = [it for it in traceback.extract_tb(error.__traceback__) if not _is_ours(it.filename)]
            where = f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
            raise EffectFailed(
                f"the effect {self._shown.name} failed: {type(error).__name__}: {said_by(error)}{where}"
            ) from error


def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(Path(__file__).parents[1])
