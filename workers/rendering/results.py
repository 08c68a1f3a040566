"""What the command says of a finished video: two lines for a person, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from app.client import Client, Job
from workers.rendering.failures import Exit, one_line
from workers.rendering.outputs import MANIFEST
from workers.rendering.progress_text import clock

# The names under which programs find the outputs; those of variants are found under the farm's own.
KEYS = {
    "video.mp4": "video",
    "captions.srt": "srt",
    "captions.vtt": "vtt",
    "poster.jpg": "poster",
    MANIFEST: "manifest",
}


@dataclass(frozen=True)
class Facts:
    """What the manifest says of the video. `notes`, a sentence each: what of the text was left out, and why."""

    duration_s: float | None = None
    size_px: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A finished render. `elapsed_s` is from the command's start to its end, a farm's start included."""

    job_id: str
    paths: Mapping[str, Path]
    size_bytes: int
    facts: Facts
    elapsed_s: float


def read_facts(client: Client, job: Job) -> Facts:
    """The manifest's facts, read without saving it."""
    output = job.output(MANIFEST)
    if output is None:
        return Facts()
    content = BytesIO()
    client.fetch(job.id, output, content)
    manifest = json.loads(content.getvalue())
    made: Mapping[str, float] = next((step["facts"] for step in manifest["steps"] if step["name"] == "assemble"), {})
    asked = manifest["input"]
    return Facts(made.get("duration_s"), (asked["width_px"], asked["height_px"]), tuple(manifest["notes"]))


def describe(result: Rendered) -> list[str]:
    """The last lines: what was made, what lies beside it, and how long it took."""
    facts, video = result.facts, result.paths["video.mp4"]
    parts = [f"{facts.size_px[0]}x{facts.size_px[1]}"] if facts.size_px else []
    parts += [f"{facts.duration_s:.1f} s"] if facts.duration_s else []
    parts.append(readable_size(result.size_bytes))
    others = [str(path) for name, path in result.paths.items() if name != "video.mp4"]
    took = f"made in {clock(result.elapsed_s)}"
    if facts.duration_s and result.elapsed_s > 0.0:
        took += f" ({facts.duration_s / result.elapsed_s:.1f}x real time)"
    return [f"{video}  {', '.join(parts)}, {took}", f"with {', '.join(others)}"]


def result_json(result: Rendered) -> str:
    return one_line(
        {
            "status": "succeeded",
            "exit_code": int(Exit.DONE),
            "job_id": result.job_id,
            "outputs": {KEYS.get(name, name): str(path.absolute()) for name, path in result.paths.items()},
            "size_bytes": result.size_bytes,
            "duration_s": result.facts.duration_s,
            "elapsed_s": round(result.elapsed_s, 3),
            "notes": list(result.facts.notes),
        }
    )


def readable_size(size_bytes: int) -> str:
    """`640 kB`, `14.2 MB`: in the powers of ten that file managers use."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    return f"{size_bytes / 1_000_000:.1f} MB" if size_bytes < 1_000_000_000 else f"{size_bytes / 1e9:.2f} GB"
