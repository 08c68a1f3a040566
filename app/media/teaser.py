"""A few seconds of a finished video as a picture that plays by itself: GIF or WebP, small and looped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.domain.errors import BadMedia, GateFailed
from app.domain.machine_faults import words_of
from app.media.ffmpeg import run_ffmpeg
from app.media.files import named_errors, reading, written_whole
from app.media.probe import input_options, local_url, open_media

# GIF counts in hundredths of a second: eight of them, so that both formats play at one speed.
FRAME_S = 0.08
WEBP_QUALITY = 80
# A palette of the very frames. The pattern of the fifth scale can hardly be seen, and as it stands still it compresses
# a quarter better than diffused errors, which shimmer besides.
GIF_FILTER = "split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=bayer:bayer_scale=5"
# As RGB: the encoder makes the BT.601 that WebP is in, while our planes are BT.709.
WEBP_FILTER = "format=bgra"


@dataclass(frozen=True)
class TeaserSpec:
    """What is shown: the piece of the video, in seconds of it, at a size in pixels (both even)."""

    start_s: float
    duration_s: float
    width_px: int
    height_px: int

    @property
    def frames(self) -> int:
        return max(1, int(self.duration_s / FRAME_S + 1e-6))


@dataclass(frozen=True)
class TeaserFacts:
    """As measured. `loops` 0 is for ever; `is_moving`: not all frames are the same.

    Of a plain picture `duration_s` is 0 and `loops` None.
    """

    format: str
    width_px: int
    height_px: int
    frames: int
    duration_s: float
    loops: int | None
    is_moving: bool


def fit_piece(spec: TeaserSpec, video_s: float) -> TeaserSpec:
    """`spec` moved to where a video of `video_s` seconds has it all; the whole video where that is shorter."""
    duration_s = min(spec.duration_s, video_s)
    start_s = max(0.0, min(spec.start_s, video_s - duration_s))
    return TeaserSpec(start_s, duration_s, spec.width_px, spec.height_px)


def length_s(video: Path) -> float:
    """Of a video of ours, in which every frame lasts equally long."""
    with open_media(video, "mov") as container:
        stream = container.streams.video[0]
        if not stream.average_rate:
            raise BadMedia("the video does not say how fast it plays")
        return float(stream.frames / stream.average_rate)


def make_teaser(video: Path, spec: TeaserSpec, out: Path, report: Callable[[float], None]) -> None:
    """Write the piece of `video` to `out`, as what its suffix says (.gif, .webp). The same input gives the same bytes.

    Raises what `run_ffmpeg` does.
    """
    is_gif = out.suffix == ".gif"
    resized = f"fps=1/{FRAME_S},scale={spec.width_px}:{spec.height_px}:flags=lanczos"
    coded = ("-f", "gif") if is_gif else ("-c:v", "libwebp_anim", "-quality", str(WEBP_QUALITY), "-f", "webp")
    with named_errors("making the teaser"), written_whole(out) as partial:
        run_ffmpeg(
            [
                *(word for name, value in input_options("mov").items() for word in (f"-{name}", value)),
                *("-f", "mov", "-ss", f"{spec.start_s:.6f}", "-t", f"{spec.duration_s:.6f}", "-i", local_url(video)),
                *("-an", "-filter_complex_threads", "1", "-filter_complex"),
                f"[0:v]{resized},{GIF_FILTER if is_gif else WEBP_FILTER}",
                *("-frames:v", str(spec.frames), "-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact"),
                *(*coded, "-loop", "0", local_url(partial)),
            ],
            expected_s=spec.duration_s,
            report=report,
        )


def check_teaser(path: Path, format: str, spec: TeaserSpec, *, may_be_still: bool) -> TeaserFacts:
    """Measure a teaser of this `format` (gif, webp); GateFailed, with every miss, when it is not what was planned."""
    try:
        with reading(path, "the teaser"):
            facts = measure_teaser(path)
    except (OSError, SyntaxError, ValueError) as error:
        message = f"the teaser cannot be read: {words_of(error)}"
        raise GateFailed(message, misses=["the teaser cannot be read"]) from error
    found = []
    if facts.format != format:
        found.append(f"it is {facts.format}, not {format}")
    if (facts.width_px, facts.height_px) != (spec.width_px, spec.height_px):
        found.append(f"{facts.width_px}×{facts.height_px} pixels instead of {spec.width_px}×{spec.height_px}")
    # Frames that are alike may have been made one, which is shown for longer; all of them alike are a plain picture in
    # WebP, which has no time at all.
    is_picture = may_be_still and facts.frames == 1 and facts.duration_s == 0
    if not is_picture and abs(facts.duration_s - spec.frames * FRAME_S) > FRAME_S / 2:
        found.append(f"{facts.duration_s:.2f} s instead of {spec.frames * FRAME_S:.2f} s")
    if facts.loops != 0 and facts.frames > 1:
        found.append("it does not loop for ever")
    if not facts.is_moving and not may_be_still and spec.frames > 1:
        found.append("nothing moves in it")
    if found:
        raise GateFailed("the teaser is not what was planned: " + "; ".join(found), misses=found)
    return facts


def measure_teaser(path: Path) -> TeaserFacts:
    """Raises what Pillow does for a file that is no GIF or WebP."""
    with Image.open(path, formats=("GIF", "WEBP")) as image:
        frames = getattr(image, "n_frames", 1)
        duration_ms, looks = 0.0, set[int]()
        for number in range(frames):
            image.seek(number)
            looks.add(hash(image.convert("RGB").tobytes()))
            duration_ms += image.info.get("duration", 0.0)
        return TeaserFacts(
            format=(image.format or "").lower(),
            width_px=image.width,
            height_px=image.height,
            frames=frames,
            duration_s=duration_ms / 1000,
            loops=image.info.get("loop"),
            is_moving=len(looks) > 1,
        )
