"""What a whole video costs, as ratios to ffmpeg's own encoding of the very same frames and to MoviePy.

    .venv/bin/python -m bench.render [--stills FOLDER] [--runs 3] [--skip-moviepy] [--json]

The video: ten scenes of about six seconds each, stills under a moving camera, crossfades, a caption for each word,
music under the voice, −14 LUFS, 1080×1920 at 30 frames a second. The farm makes it with two CPU workers, from the POST
to the end of the output gate. By turns with it, in the same run:

`ratio_f`        farm ÷ **f**, one ffmpeg that only encodes the same frames from a raw file, with the same x264
                 settings and threads chosen by itself
`ratio_f2`       farm ÷ **f2**, two single-threaded ffmpeg processes on a half of the frames each
`ratio_moviepy`  the same video written with MoviePy, as its users do (once, for it takes minutes) ÷ farm
`scaling_1_to_2` the farm with one CPU worker (once) ÷ the farm with two
`serial_share`   of the farm's time, that in which only one step can run: join, poster and gate
`peak_rss_mb`    the most memory that a CPU worker's process has held
`edit_one_scene_ratio`  a new text for one scene of the ten: the new revision's time ÷ that of the whole

Times are medians of `--runs`. The raw file takes about 3 MB a frame, 6 GB in all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import delete, select

from app.client import SceneRequest, VideoRequest
from app.domain.plan import StepKind
from app.domain.revision import SceneEdit
from app.models import Step, StepResult
from bench.farms import BenchFarm, fresh_farm, print_result
from bench.floors import floor_seconds, moviepy_seconds, scenes_of_last_job, write_raw_frames
from bench.material import SCENES, found_stills, make_music, make_stills
from tests.stopping import unwind_on_sigterm

EDITED = "In the rock pools a small octopus waits for the water, and nobody has ever seen it leave."


def request_for(farm: BenchFarm, stills: list[Path], music: Path) -> VideoRequest:
    images = [farm.client.upload(still).id for still in stills]
    return VideoRequest(
        scenes=tuple(SceneRequest(text, image=image) for text, image in zip(SCENES, images, strict=True)),
        music=farm.client.upload(music).id,
        size="1080x1920",
    )


def farm_seconds(farm: BenchFarm, request: VideoRequest) -> float:
    """Wall time from the POST to the finished job. Earlier results are forgotten first, so that nothing is adopted."""
    with farm.database.begin() as session:
        session.execute(delete(StepResult))
    begun = time.monotonic()
    farm.make(request)
    return time.monotonic() - begun


def edit_seconds(farm: BenchFarm, request: VideoRequest) -> float:
    """Wall time from a new text for scene 5 to the finished revision. The video itself is made first."""
    with farm.database.begin() as session:
        session.execute(delete(StepResult))
    job = farm.make(request)
    begun = time.monotonic()
    farm.follow(farm.client.edit_scene(job.id, 5, SceneEdit(text=EDITED), idempotency_key=uuid.uuid4().hex))
    return time.monotonic() - begun


def serial_seconds(farm: BenchFarm) -> float:
    """Of the last job: from the end of its last clip or its soundtrack to the end of all."""
    with farm.database.read() as session:
        job_id = session.scalar(select(Step.job_id).order_by(Step.job_id.desc()))
        ends = session.execute(select(Step.kind, Step.finished_at).where(Step.job_id == job_id)).all()
    parallel = (StepKind.CLIP, StepKind.SOUNDTRACK)
    return float(max(at for _, at in ends) - max(at for kind, at in ends if kind in parallel))


def peak_memory_mb(farm: BenchFarm) -> float:
    """The highest resident size that a process of the CPU pool has had (Linux: VmHWM)."""
    return max(_peaks_mb(farm.settings.home), default=0.0)


def _peaks_mb(home: Path) -> Iterator[float]:
    marks = (b"--queues\0cpu", b"SCENEWORKS_HOME=" + os.fsencode(home))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marks[0] not in (folder / "cmdline").read_bytes() or marks[1] not in (folder / "environ").read_bytes():
                continue
            status = (folder / "status").read_text()
        except OSError:
            continue  # it has ended, or is another user's
        yield int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stills", type=Path, help="a folder of pictures (default: synthetic ones)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--skip-moviepy", action="store_true", help="leave out the comparison that takes minutes")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    ours: list[float] = []
    serial: list[float] = []
    edits: list[float] = []
    floors: list[tuple[float, float]] = []
    moviepy_s = None
    with tempfile.TemporaryDirectory(prefix="sceneworks-raw-") as name:
        folder = Path(name)
        count = len(SCENES)
        stills = found_stills(arguments.stills, count) if arguments.stills else make_stills(folder, count)
        music = make_music(folder / "music.wav")
        with fresh_farm(cpu_slots=2) as farm:
            request = request_for(farm, stills, music)
            # The workers boot meanwhile: what is measured is a farm that runs.
            farm_seconds(farm, request)
            scenes = scenes_of_last_job(farm)
            frames = write_raw_frames(scenes, folder / "frames.yuv")
            for _ in range(arguments.runs):
                ours.append(farm_seconds(farm, request))
                serial.append(serial_seconds(farm))
                floors.append(floor_seconds(folder / "frames.yuv", scenes[0].spec, frames, folder))
                edits.append(edit_seconds(farm, request))
            peak_mb = peak_memory_mb(farm)
            if not arguments.skip_moviepy:
                moviepy_s = moviepy_seconds(scenes, music, folder)
        with fresh_farm(cpu_slots=1) as farm:
            request = request_for(farm, stills, music)
            farm_seconds(farm, request)
            alone_s = farm_seconds(farm, request)
    farm_s, f_s, f2_s = (statistics.median(times) for times in (ours, *zip(*floors, strict=True)))
    result = {
        "ratio_f": round(farm_s / f_s, 3),
        "ratio_f2": round(farm_s / f2_s, 3),
        "ratio_moviepy": None if moviepy_s is None else round(moviepy_s / farm_s, 1),
        "scaling_1_to_2": round(alone_s / farm_s, 2),
        "serial_share": round(statistics.median(serial) / farm_s, 3),
        "peak_rss_mb": round(peak_mb),
        "edit_one_scene_ratio": round(statistics.median(edits) / farm_s, 3),
        "farm_s": round(farm_s, 2),
        "f_s": round(f_s, 2),
        "f2_s": round(f2_s, 2),
        "moviepy_s": None if moviepy_s is None else round(moviepy_s, 1),
        "alone_s": round(alone_s, 2),
        "video_s": round(frames / scenes[0].spec.fps, 2),
        "cores": os.cpu_count(),
        "runs": arguments.runs,
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
