"""One scene as a video without sound: its picture in slow motion, its captions, and the way to the next picture.

The heart of render speed: one process, one thread, no pipe and no RGB. Each frame is sampled
straight into the planes that the encoder reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.domain.caption_style import CaptionStyle
from app.domain.captions import Cue, caption_spans
from app.domain.encoders import EncoderName
from app.domain.template import Motion, Transition
from app.media.overlays import SceneTitle, Watermark
from app.media.sources import Source

if TYPE_CHECKING:
    from app.media.encoder import ClipEncoder
    from app.media.piped_encoder import PipedEncoder
    from app.media.warp import FramePlanes

CaptionMode = Literal["word", "line", "off"]

REPORT_EVERY_S = 0.1


@dataclass(frozen=True)
class ClipSpec:
    """What to render. `frames` include the tail of `fade_frames` that lead to the next picture (0 in the last scene).

    `number` is the scene's, from 1; it chooses the camera's move. The cues' times are in seconds
    from the clip's frame 0; none is shown in the tail. Width and height are even. `piece` are the frames to render,
    None for all: the first of them is then frame 0 of what is written. `language` is given
    where the captions' letters depend on it. `preset` and `crf` are x264's; the other encoders have settings of
    their own for the same look.
    """

    width_px: int
    height_px: int
    fps: int
    frames: int
    fade_frames: int
    number: int
    cues: tuple[Cue, ...]
    caption_mode: CaptionMode
    caption_style: CaptionStyle = CaptionStyle()
    language: str = ""
    preset: str = "veryfast"
    crf: int = 22
    encoder: EncoderName = EncoderName.X264
    motion: Motion = Motion()
    transition: Transition = Transition()
    title: SceneTitle | None = None
    watermark: Watermark | None = None
    piece: range | None = None


@dataclass(frozen=True)
class ClipReport:
    """What was rendered, measured on the frames before encoding; the tail counts for `frames` and `size_bytes` only.

    Luma means are 16 (black) to 235 (white). `frozen_longest_s` is the longest stretch without a
    visible change. `caption_box` is the union of all captions drawn, shadow included: left, top,
    right, bottom in pixels, or None when there was none.
    """

    frames: int
    size_bytes: int
    min_luma_mean: float
    max_luma_mean: float
    frozen_longest_s: float
    caption_box: tuple[int, int, int, int] | None


def render_clip(
    spec: ClipSpec, source: Source, next_source: Source | None, out: Path, report: Callable[[float], None]
) -> ClipReport:
    """Render the clip to `out`, an MP4 with one H.264 track; with x264 the same inputs give the same bytes.

    `next_source` is what the tail fades to, held still as its own clip begins. `report` is called
    with the fraction done and may raise, which ends the work and leaves no file.
    Raise BadMedia for an unreadable picture, MissingGlyphs for a caption that the font cannot show, EncoderLost when
    an encoder other than x264 cannot go on.
    Emoji are left out of the drawing, for the font has none.
    """
    # Imported here, so that a process that only plans clips does not load the compilers and codecs.
    from app.media.caption_pictures import CaptionTrack
    from app.media.files import named_errors, written_whole
    from app.media.frame_watch import FrameWatch
    from app.media.logo import LogoTrack
    from app.media.lower_third import LowerThirdTrack
    from app.media.transitions import blend
    from app.media.views import open_view

    own_frames = spec.frames - spec.fade_frames
    wanted = range(spec.frames) if spec.piece is None else spec.piece
    has_tail = wanted.stop > own_frames
    if has_tail and next_source is None:
        raise ValueError("a clip with a fade needs what it fades to")
    report(0.0)
    is_shown = spec.caption_mode != "off"
    spans = caption_spans(spec.cues, highlight=spec.caption_mode == "word", fps=spec.fps, frames=own_frames)
    spans = tuple(span for span in spans if span.first_frame < wanted.stop and span.end_frame > wanted.start)
    captions = CaptionTrack(spans if is_shown else (), spec.width_px, spec.height_px, spec.caption_style, spec.language)
    mark, size = spec.watermark, (spec.width_px, spec.height_px)
    logo = None if mark is None else LogoTrack(mark, *size, spec.frames, spec.fade_frames)
    logo_top = None if mark is None or logo is None or mark.look.corner.is_top else logo.box[1]
    title = None if spec.title is None else LowerThirdTrack(spec.title, spec, own_frames, logo_top)
    done = 0.0

    def still_wanted() -> None:
        report(done)

    watch = FrameWatch()
    # Before the encoder takes its memory: a picture that is read needs a lot of it for a moment.
    ahead = _first_frame(next_source, spec, still_wanted) if has_tail and next_source is not None else None
    last_report_s = time.monotonic()
    with (
        named_errors("writing the clip"),
        written_whole(out) as partial,
        open_view(source, spec, still_wanted) as view,
    ):
        with _open_encoder(spec, partial, still_wanted) as encoder:
            for done_frames, number in enumerate(wanted, start=1):
                frame = encoder.next_planes()
                view.draw(number, frame)
                if number < own_frames:
                    captions.lay_over(number, frame)
                    if title is not None:
                        title.lay_over(number, frame)
                    watch.see(frame)
                elif ahead is not None:
                    blend(frame, ahead, (number - own_frames + 1) / (spec.fade_frames + 1), spec.transition)
                if logo is not None:
                    logo.lay_over(number, frame)
                encoder.write()
                done = done_frames / len(wanted)
                if time.monotonic() - last_report_s >= REPORT_EVERY_S:
                    last_report_s = time.monotonic()
                    report(done)
        size_bytes = partial.stat().st_size
        report(1.0)
    return ClipReport(
        len(wanted),
        size_bytes,
        watch.min_luma_mean,
        watch.max_luma_mean,
        watch.frozen_longest_frames / spec.fps,
        captions.box,
    )


def _open_encoder(spec: ClipSpec, out: Path, still_wanted: Callable[[], None]) -> ClipEncoder | PipedEncoder:
    from app.media.encoder import ClipEncoder
    from app.media.piped_encoder import PipedEncoder

    if spec.encoder == EncoderName.X264:
        return ClipEncoder(out, spec.width_px, spec.height_px, spec.fps, spec.preset, spec.crf)
    return PipedEncoder(spec.encoder, out, spec.width_px, spec.height_px, spec.fps, still_wanted)


def warm_up() -> None:
    """Load the codecs and compile the kernels: once per worker process. Slow on a machine's first run alone."""
    import numpy as np

    from app.media import caption_pictures, encoder, picture_planes  # noqa: F401
    from app.media.kernels import blend_rows, stamp
    from app.media.shrink import shrunk

    plane = np.zeros((2, 2), np.uint8)
    words = np.zeros((2, 2), np.uint16)
    blend_rows(plane, 0, 2, np.zeros(2, np.int64), np.zeros(2, np.uint16), plane.copy())
    stamp(plane, 0, 0, words, words)
    shrunk(np.zeros((2, 2, 3), np.uint8), (0.0, 0.0, 2.0, 2.0), (1, 1))


def _first_frame(source: Source, spec: ClipSpec, still_wanted: Callable[[], None]) -> FramePlanes:
    """The frame with which the scene after this one begins, without captions."""
    from app.media.views import open_view
    from app.media.warp import FramePlanes

    frame = FramePlanes.blank(spec.width_px, spec.height_px)
    with open_view(source, replace(spec, number=spec.number + 1), still_wanted) as view:
        view.draw(0, frame)
    return frame
