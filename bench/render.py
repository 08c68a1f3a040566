"""What a whole video costs, as a ratio to one ffmpeg process that encodes the very same frames.

    .venv/bin/python -m bench.render [--text FILE] [--runs 3] [--json]

The farm makes the video (script, voice, pictures, clips, soundtrack, assembly, gate) with two CPU workers. Then its
frames are made once more, all but losslessly, and laid into a raw file, and two floors are measured in the same run:

`ratio_f`   farm ÷ **f**, one ffmpeg encoding the raw file with the same x264 settings, threads chosen by itself
`ratio_f2`  farm ÷ **f2**, two single-threaded ffmpeg processes on a half each

Medians of `--runs`, farm and floors by turns. The raw file takes about 3 MB a frame; it is read once before each
timing, so that every run finds it in the page cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import av
from sqlalchemy import delete, select

from app.client import VideoRequest
from app.domain.plan import StepKind, image_name, narration_name
from app.media.clip import ClipSpec, render_clip
from app.media.encoder import EXTRA_PARAMS, repeatable_code
from app.media.ffmpeg import ffmpeg_binary
from app.models import Step, StepResult
from app.services.steps.clip import clip_spec
from app.services.steps.image import OUTPUT as PICTURE
from app.services.steps.narration import WORDS, load_speech
from app.storage.local import LocalStorage
from bench.farms import BenchFarm, fresh_farm, print_result
from tests.stopping import unwind_on_sigterm

DEFAULT_TEXT = Path(__file__).parents[1] / "docs" / "examples" / "volcanoes.md"
# Profile High cannot be lossless; at this quality the frames differ by less than a level.
NEARLY_LOSSLESS_CRF = 1


def farm_seconds(farm: BenchFarm, text: str) -> float:
    """Wall time from the POST to the finished job. Earlier results are forgotten first, so that nothing is adopted."""
    with farm.database.begin() as session:
        session.execute(delete(StepResult))
    begun = time.monotonic()
    farm.make(VideoRequest(text=text, size="1080x1920"))
    return time.monotonic() - begun


def write_raw_frames(farm: BenchFarm, out: Path) -> tuple[ClipSpec, int]:
    """The last job's frames as they were before encoding, one after the other, as yuv420p; a spec and their number."""
    storage = LocalStorage(farm.settings.storage_dir)
    with farm.database.read() as session:
        job_id = session.scalar(select(Step.job_id).order_by(Step.job_id.desc()))
        steps = {step.name: step for step in session.scalars(select(Step).where(Step.job_id == job_id))}
    clips = [step for step in steps.values() if step.kind == StepKind.CLIP]
    frames = 0
    with out.open("wb") as raw, tempfile.TemporaryDirectory() as folder:
        for step in sorted(clips, key=lambda step: step.params["number"]):
            number = step.params["number"]
            words = (steps[narration_name(number)].outputs or {})[WORDS]["sha256"]
            spec = clip_spec(step.params, load_speech(storage.path(words)))
            picture, following = (
                storage.path((steps[name].outputs or {})[PICTURE]["sha256"]) if name in steps else None
                for name in (image_name(number), image_name(number + 1))
            )
            assert picture is not None
            clip = Path(folder) / "clip.mp4"
            render_clip(replace(spec, crf=NEARLY_LOSSLESS_CRF), picture, following, clip, lambda _: None)
            frames += append_frames(clip, raw)
    return spec, frames


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
    params = f"keyint={spec.fps}:min-keyint={spec.fps}:scenecut=0:open-gop=0"
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{spec.width_px}x{spec.height_px}", "-r", str(spec.fps)]
    return [
        *(ffmpeg_binary(), "-nostdin", "-v", "error", "-y"),
        *(*source, "-skip_initial_bytes", str(skip * frame_bytes), "-i", str(raw), "-frames:v", str(frames)),
        *("-c:v", "libx264", "-preset", spec.preset, "-crf", str(spec.crf), "-profile:v", "high"),
        *("-x264-params", params + EXTRA_PARAMS.get(spec.preset, "") + repeatable_code()),
        *("-threads", str(threads), str(out)),
    ]


def timed(commands: list[list[str]]) -> float:
    """Wall time of the commands, run side by side."""
    begun = time.monotonic()
    processes = [subprocess.Popen(command) for command in commands]
    try:
        if any(process.wait() for process in processes):
            raise SystemExit("ffmpeg failed to encode the raw frames.")
    finally:
        for process in processes:
            process.kill()
    return time.monotonic() - begun


def warm_cache(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=DEFAULT_TEXT, help="the text to render (default: volcanoes.md)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    text = arguments.text.read_text(encoding="utf-8")
    ours: list[float] = []
    floor: list[float] = []
    floor_halves: list[float] = []
    with fresh_farm(cpu_slots=2) as farm, tempfile.TemporaryDirectory(prefix="sceneworks-raw-") as folder:
        # The workers boot meanwhile: what is measured is a farm that runs.
        farm_seconds(farm, text)
        raw, out = Path(folder) / "frames.yuv", Path(folder)
        spec, frames = write_raw_frames(farm, raw)
        half = frames // 2
        for _ in range(arguments.runs):
            ours.append(farm_seconds(farm, text))
            warm_cache(raw)
            floor.append(timed([encode_command(raw, spec, out / "f.mp4", threads=0, frames=frames)]))
            warm_cache(raw)
            halves = [(0, half), (half, frames - half)]
            floor_halves.append(
                timed(
                    [
                        encode_command(raw, spec, out / f"f{skip}.mp4", threads=1, skip=skip, frames=count)
                        for skip, count in halves
                    ]
                )
            )
    f, f2, farm_s = (statistics.median(times) for times in (floor, floor_halves, ours))
    result = {
        "ratio_f": round(farm_s / f, 3),
        "ratio_f2": round(farm_s / f2, 3),
        "farm_s": round(farm_s, 2),
        "f_s": round(f, 2),
        "f2_s": round(f2, 2),
        "video_s": round(frames / spec.fps, 2),
        "cores": os.cpu_count(),
        "runs": arguments.runs,
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
