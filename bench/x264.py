"""Which x264 settings give what: bytes, CPU time and likeness of the benchmark's pictures, set beside each other.

    .venv/bin/python -m bench.x264 [--stills FOLDER] [--seconds 1.5] [--json]

Each of ten stills moves for some seconds as a scene's picture does, without captions; the frames, all but lossless, are
encoded with each of the settings by one ffmpeg on one thread. For each of them:

`size`    bytes ÷ those of the default
`cpu`     CPU time ÷ that of the default
`ssim`    mean structural similarity to the frames before encoding (FFmpeg's ssim, all planes)
`vmaf`    mean and 1st percentile of VMAF (v0.6.1) against them, every third frame

The first row is the product's default.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.encoders import GOP_S
from app.media.clip import ClipSpec, render_clip
from app.media.encoder import EXTRA_PARAMS, repeatable_code
from app.media.ffmpeg import ffmpeg_binary
from bench.farms import print_result
from bench.floors import NEARLY_LOSSLESS_CRF, append_frames
from bench.material import SCENES, found_stills, make_stills
from tests.stopping import unwind_on_sigterm

FPS = 30
SPEC = ClipSpec(1080, 1920, FPS, 1, 0, 1, (), "off")
VMAF_EVERY = 3


@dataclass(frozen=True)
class Settings:
    preset: str
    crf: int
    params: str = ""
    gop_s: int = GOP_S

    @property
    def name(self) -> str:
        return f"{self.preset} crf {self.crf} gop {self.gop_s} s {self.params.lstrip(':')}".strip()


DEFAULT = Settings(SPEC.preset, SPEC.crf, EXTRA_PARAMS[SPEC.preset])
CANDIDATES = (
    DEFAULT,
    Settings("veryfast", 23, ":subme=1:b-adapt=0:rc-lookahead=5"),
    Settings("veryfast", 21, ":subme=1:b-adapt=0:rc-lookahead=5"),
    Settings("veryfast", 22, ":subme=1:b-adapt=0:rc-lookahead=3"),
    Settings("veryfast", 22, ":subme=1:b-adapt=0:rc-lookahead=5:aq-mode=3"),
    Settings("veryfast", 22, ":subme=1:b-adapt=0:rc-lookahead=5", gop_s=1),
    Settings("veryfast", 23, ":subme=1:b-adapt=0"),
    Settings("veryfast", 23, ":subme=1"),
    Settings("veryfast", 23, ":subme=1:rc-lookahead=30"),
    Settings("veryfast", 23),
    Settings("superfast", 23),
    Settings("faster", 23),
    Settings("fast", 23),
    Settings("medium", 23),
)


@dataclass(frozen=True)
class Measured:
    size_bytes: int
    cpu_s: float
    ssim: float
    vmaf: float
    vmaf_low: float


def write_frames(stills: list[Path], frames_each: int, raw: Path) -> int:
    """Every still's motion as raw yuv420p; the number of frames."""
    count = 0
    with raw.open("wb") as file, tempfile.TemporaryDirectory() as folder:
        for number, still in enumerate(stills, start=1):
            clip = Path(folder) / "clip.mp4"
            spec = replace(SPEC, frames=frames_each, number=number, crf=NEARLY_LOSSLESS_CRF)
            render_clip(spec, still, None, clip, lambda _: None)
            count += append_frames(clip, file)
    return count


def raw_input(raw: Path) -> list[str]:
    size = f"{SPEC.width_px}x{SPEC.height_px}"
    return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", str(FPS), "-i", str(raw)]


def measure(raw: Path, settings: Settings, folder: Path) -> Measured:
    out, log = folder / "out.mp4", folder / "vmaf.json"
    gop = settings.gop_s * FPS
    params = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0{settings.params}{repeatable_code()}"
    encoder = ["-c:v", "libx264", "-preset", settings.preset, "-crf", str(settings.crf), "-profile:v", "high"]
    before = _children_cpu_s()
    _ffmpeg([*raw_input(raw), *encoder, "-x264-params", params, "-threads", "1", str(out)])
    cpu_s = _children_cpu_s() - before
    likeness = (
        "[0:v]split[a][b];[1:v]split[c][d];[a][c]ssim[s];"
        f"[b][d]libvmaf=n_threads=4:n_subsample={VMAF_EVERY}:log_fmt=json:log_path={log}[v]"
    )
    sinks = ["-map", "[s]", "-f", "null", "-", "-map", "[v]", "-f", "null", "-"]
    said = _ffmpeg(["-i", str(out), *raw_input(raw), "-lavfi", likeness, *sinks], level="info")
    ssim = re.findall(r"SSIM .*All:([0-9.]+)", said)
    scores = [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"]]
    low = sorted(scores)[len(scores) // 100]
    return Measured(out.stat().st_size, cpu_s, float(ssim[-1]), statistics.fmean(scores), low)


def _ffmpeg(arguments: list[str], level: str = "error") -> str:
    command = [ffmpeg_binary(), "-nostdin", "-v", level, "-y", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed: {done.stderr[-2000:]}")
    return done.stderr


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stills", type=Path, help="a folder of pictures (default: synthetic ones)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of motion for each still (default 1.5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="sceneworks-x264-") as name:
        folder = Path(name)
        count = len(SCENES)
        stills = found_stills(arguments.stills, count) if arguments.stills else make_stills(folder, count)
        raw = folder / "frames.yuv"
        write_frames(stills, round(arguments.seconds * FPS), raw)
        measured = {settings: measure(raw, settings, folder) for settings in CANDIDATES}
    base = measured[DEFAULT]
    rows = {
        settings.name: {
            "size": round(one.size_bytes / base.size_bytes, 3),
            "cpu": round(one.cpu_s / base.cpu_s, 3),
            "ssim": round(one.ssim, 4),
            "vmaf": round(one.vmaf, 2),
            "vmaf_low": round(one.vmaf_low, 2),
        }
        for settings, one in measured.items()
    }
    print_result(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
