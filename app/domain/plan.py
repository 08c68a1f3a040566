"""The plan of a video: which steps it has, what each needs, and on which pool it runs.

    script ─┬─ scene/1/narration ─┬─ scene/1/clip ─┬─ assemble ── gate
            ├─ scene/1/image ─────┘                │
            ├─ …                                   │
            └───── all narrations ── soundtrack ───┘

A clip also needs the next scene's picture, because the crossfade into it is the clip's tail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.script import Script
from app.domain.states import Pool
from app.domain.video import VideoInput

MAX_ATTEMPTS = 4


class StepKind:
    """The kinds of steps of a video; also the names of their Celery tasks."""

    SCRIPT = "video.script"
    NARRATION = "video.narration"
    IMAGE = "video.image"
    CLIP = "video.clip"
    SOUNDTRACK = "video.soundtrack"
    ASSEMBLE = "video.assemble"
    GATE = "video.gate"

    ALL = (SCRIPT, NARRATION, IMAGE, CLIP, SOUNDTRACK, ASSEMBLE, GATE)


# Shares of the work, by measured CPU time of a 6 s scene; progress is counted in them.
WEIGHTS = {
    StepKind.SCRIPT: 1,
    StepKind.NARRATION: 1,
    StepKind.IMAGE: 3,
    StepKind.CLIP: 20,
    StepKind.SOUNDTRACK: 10,
    StepKind.ASSEMBLE: 5,
    StepKind.GATE: 5,
}


@dataclass(frozen=True)
class StepPlan:
    """A step to be made. `needs` are names of steps of the same job; `params` all that it must know."""

    name: str
    kind: str
    pool: Pool
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    max_attempts: int = MAX_ATTEMPTS

    @property
    def weight(self) -> int:
        return WEIGHTS[self.kind]


@dataclass(frozen=True)
class Follow:
    """What a finished step adds to its job: more steps, and a title if the job has none."""

    grows: tuple[StepPlan, ...] = ()
    title: str | None = None


@dataclass(frozen=True)
class VideoPools:
    """Where the vendors in use want their steps to run."""

    script: Pool
    voice: Pool
    painter: Pool


def plan_script(pools: VideoPools) -> tuple[StepPlan, ...]:
    """The first step of a job; the rest of the graph grows from what it finds."""
    return (StepPlan("script", StepKind.SCRIPT, pools.script),)


def narration_name(number: int) -> str:
    return f"scene/{number}/narration"


def image_name(number: int) -> str:
    return f"scene/{number}/image"


def clip_name(number: int) -> str:
    return f"scene/{number}/clip"


def plan_scenes(script: Script, video: VideoInput, pools: VideoPools) -> tuple[StepPlan, ...]:
    """All the steps that follow the script, every one after the steps it needs."""
    count = len(script.scenes)
    frame = {"width_px": video.width_px, "height_px": video.height_px}
    assets = video.assets or {}
    plans: list[StepPlan] = []
    for scene in script.scenes:
        speech = {"text": scene.text, "language": video.language, "voice": video.voice}
        plans.append(StepPlan(narration_name(scene.number), StepKind.NARRATION, pools.voice, speech))
        if scene.image is not None:
            picture = {**frame, "asset": assets[scene.image]}
            plans.append(StepPlan(image_name(scene.number), StepKind.IMAGE, Pool.CPU, picture))
        else:
            picture = {
                **frame,
                "text": scene.text,
                "title": scene.title,
                "number": scene.number,
                "count": count,
                "seed": video.look_seed,
            }
            plans.append(StepPlan(image_name(scene.number), StepKind.IMAGE, pools.painter, picture))
    for scene in script.scenes:
        is_last = scene.number == count
        needs = [narration_name(scene.number), image_name(scene.number)]
        if not is_last:
            needs.append(image_name(scene.number + 1))
        params = {
            **frame,
            "fps": video.fps,
            "captions": video.captions.value,
            "number": scene.number,
            "is_last": is_last,
        }
        plans.append(StepPlan(clip_name(scene.number), StepKind.CLIP, Pool.CPU, params, tuple(needs)))
    narrations = tuple(narration_name(scene.number) for scene in script.scenes)
    clips = tuple(clip_name(scene.number) for scene in script.scenes)
    music = None if video.music is None else assets[video.music]
    whole = {"fps": video.fps, "count": count}
    plans.append(
        StepPlan("soundtrack", StepKind.SOUNDTRACK, Pool.CPU, {**whole, "music": music}, narrations),
    )
    plans.append(
        StepPlan(
            "assemble",
            StepKind.ASSEMBLE,
            Pool.IO,
            {**whole, **frame, "title": script.title, "language": video.language},
            (*narrations, *clips, "soundtrack"),
        )
    )
    gate = {**whole, **frame, "captions": video.captions.value, "notes": list(script.notes), "title": script.title}
    plans.append(StepPlan("gate", StepKind.GATE, Pool.IO, gate, ("assemble",)))
    return tuple(plans)
