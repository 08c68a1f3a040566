"""What the farm's render is compared with: ffmpeg on the very same frames, and the same video written with MoviePy."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import av
from sqlalchemy import select

from app.domain.captions import CaptionSpan, caption_spans
from app.domain.clip_pieces import without_pieces
from app.domain.plan import StepKind
from app.domain.step_names import image_name, narration_name
from app.domain.timeline import LEAD_IN_S
from app.media.clip import ClipSpec, render_clip
from app.media.encoder import x264_params
from app.media.ffmpeg import ffmpeg_binary
from app.models import Step
from app.services.steps.clip import clip_spec
from app.services.steps.image import OUTPUT as PICTURE
from app.services.steps.narration import SOUND, WORDS, load_speech
from app.storage.local import LocalStorage
from app.typography.typefaces import european
from bench.farms import BenchFarm

ROOT = Path(__file__).parents[1]
# Profile High cannot be lossless; at this quality the frames differ by less than a level.
NEARLY_LOSSLESS_CRF = 1


@dataclass(frozen=True)
class Scene:
    """A finished scene of the benchmark's job, as it was rendered."""

    spec: ClipSpec
    picture: Path
    following: Path | None
    sound: Path


def scenes_of_last_job(farm: BenchFarm) -> list[Scene]:
    storage = LocalStorage(farm.settings.storage_dir)
    with farm.database.read() as session:
        job_id = session.scalar(select(Step.job_id).order_by(Step.job_id.desc()))
        steps = {step.name: step for step in session.scalars(select(Step).where(Step.job_id == job_id))}
    count = sum(step.kind == StepKind.NARRATION for step in steps.values())
    clips = {
        step.params["number"]: without_pieces(step.params) for step in steps.values() if step.kind == StepKind.CLIP
    }

    def output(step_name: str, name: str) -> Path:
        return storage.path((steps[step_name].outputs or {})[name]["sha256"])

    return [
        Scene(
            clip_spec(clips[number], load_speech(output(narration_name(number), WORDS))),
            output(image_name(number), PICTURE),
            output(image_name(number + 1), PICTURE) if number < count else None,
            output(narration_name(number), SOUND),
        )
        for number in range(1, count + 1)
    ]


def write_raw_frames(scenes: list[Scene], out: Path) -> int:
    """The frames as they were before encoding, one after the other, as yuv420p; their number."""
    frames = 0
    with out.open("wb") as raw, tempfile.TemporaryDirectory() as folder:
        for scene in scenes:
            clip = Path(folder) / "clip.mp4"
            spec = replace(scene.spec, crf=NEARLY_LOSSLESS_CRF)
            render_clip(spec, scene.picture, scene.following, clip, lambda _: None)
            frames += append_frames(clip, raw)
    return frames


def append_frames(clip: Path, raw: BinaryIO) -> int:
    """Decode a clip and append its planes to `raw`."""
    count = 0
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            raw.write(frame.to_ndarray(format="yuv420p").tobytes())
            count += 1
    return count


def encode_command(raw: Path, spec: ClipSpec, out: Path, *, threads: int, skip: int = 0, frames: int) -> list[str]:
    """One ffmpeg on `frames` of the raw file, with the settings of our own encoder."""
    frame_bytes = spec.width_px * spec.height_px * 3 // 2
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{spec.width_px}x{spec.height_px}", "-r", str(spec.fps)]
    return [
        *(ffmpeg_binary(), "-nostdin", "-v", "error", "-y"),
        *(*source, "-skip_initial_bytes", str(skip * frame_bytes), "-i", str(raw), "-frames:v", str(frames)),
        *("-c:v", "libx264", "-preset", spec.preset, "-crf", str(spec.crf), "-profile:v", "high"),
        *("-x264-params", x264_params(spec.preset, spec.fps)),
        *("-threads", str(threads), str(out)),
    ]


def floor_seconds(raw: Path, spec: ClipSpec, frames: int, folder: Path) -> tuple[float, float]:
    """f and f2: one ffmpeg with threads of its choice, then two of one thread on a half each."""
    half = frames // 2
    whole = [encode_command(raw, spec, folder / "f.mp4", threads=0, frames=frames)]
    halves = [
        encode_command(raw, spec, folder / f"f{skip}.mp4", threads=1, skip=skip, frames=count)
        for skip, count in ((0, half), (half, frames - half))
    ]
    _warm_cache(raw)
    f_s = timed(whole)
    _warm_cache(raw)
    return f_s, timed(halves)


def moviepy_seconds(scenes: list[Scene], music: Path, folder: Path) -> float:
    """Wall time of a MoviePy program that makes the same video, its start included."""
    work = folder / "work.json"
    work.write_text(json.dumps(moviepy_work(scenes, music)), encoding="utf-8")
    return timed([[sys.executable, "-m", "bench.by_moviepy", str(work), str(folder / "moviepy.mp4")]])


def moviepy_work(scenes: list[Scene], music: Path) -> Mapping[str, Any]:
    spec = scenes[0].spec
    described, captions = [], []
    start_s = 0.0
    for number, scene in enumerate(scenes):
        own_frames = scene.spec.frames - scene.spec.fade_frames
        spans = caption_spans(scene.spec.cues, highlight=True, fps=spec.fps, frames=own_frames)
        captions += [_caption(span, start_s, spec.fps) for span in spans]
        described.append(
            {
                "picture": str(scene.picture),
                "sound": str(scene.sound),
                "start_s": start_s,
                "speech_at_s": start_s + LEAD_IN_S,
                "duration_s": scene.spec.frames / spec.fps,
                "fade_s": scenes[number - 1].spec.fade_frames / spec.fps if number else 0.0,
            }
        )
        start_s += scene.spec.frames / spec.fps
    return {
        "width_px": spec.width_px,
        "height_px": spec.height_px,
        "fps": spec.fps,
        "duration_s": start_s,
        "music": str(music),
        "font": european().path,
        "scenes": described,
        "captions": captions,
    }


def _caption(span: CaptionSpan, offset_s: float, fps: int) -> Mapping[str, Any]:
    word = span.cue.words[span.highlighted or 0]
    return {
        "text": span.cue.text,
        "highlight": word.text,
        "start_s": offset_s + span.first_frame / fps,
        "end_s": offset_s + span.end_frame / fps,
    }


def timed(commands: list[list[str]]) -> float:
    """Wall time of the commands, run side by side."""
    begun = time.monotonic()
    processes = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        if any(process.wait() for process in processes):
            raise SystemExit(f"{Path(commands[0][0]).name} failed; what it said stands above.")
    finally:
        for process in processes:
            process.kill()
    return time.monotonic() - begun


def _warm_cache(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
