"""What the gate asks of a video, be it the job's own or a variant: measured against the plan, captions inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.domain.errors import GateFailed
from app.domain.plan import StepKind
from app.domain.states import StepStatus
from app.domain.step_names import ASSEMBLE, SOUNDTRACK, VIDEO, narration_name
from app.domain.timeline import Pace, frames_of_ours, lay_out
from app.domain.video import CaptionMode
from app.media.gate import Expected, check_output
from app.media.loudness import Loudness
from app.media.output_facts import OutputFacts
from app.media.sound_print import KnownSound
from app.models import Step
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, need


def check_video(farm: Farm, claim: Claim, bench: Bench, steps: list[dict[str, Any]], prefix: str = "") -> OutputFacts:
    """What was measured of the video whose steps' names begin with `prefix`; GateFailed when it misses the plan."""
    params = claim.params
    check_captions(steps, params, prefix)
    expected = Expected(
        width_px=params["width_px"],
        height_px=params["height_px"],
        fps=params["fps"],
        frames=facts_of(steps, f"{prefix}{ASSEMBLE}")["frames"],
        watched=watched_frames(steps, params),
    )
    video = farm.storage.path(need(claim, ASSEMBLE)[VIDEO].sha256)
    return check_output(video, expected, bench.report, known_sound(facts_of(steps, SOUNDTRACK)))


def known_sound(soundtrack: Mapping[str, Any]) -> KnownSound | None:
    """What the soundtrack's step has measured; None of one that was made before it told so."""
    if "fingerprint" not in soundtrack:
        return None
    measured = (soundtrack[name] for name in ("integrated_lufs", "true_peak_dbtp", "sounding_s"))
    return KnownSound(soundtrack["fingerprint"], Loudness(*measured))


def watched_frames(steps: list[dict[str, Any]], params: Mapping[str, Any]) -> tuple[range, ...]:
    """The stretches of a video of the job, in frames, in which nothing may be black or still."""
    if "own_scenes" not in params:
        return ()  # Planned before it was known which scenes are the caller's own.
    spoken_s = [facts_of(steps, narration_name(number))["duration_s"] for number in range(1, params["count"] + 1)]
    timings = lay_out(spoken_s, params["fps"], Pace.from_json(params.get("pace")))
    return frames_of_ours(timings, params["own_scenes"])


def check_captions(steps: list[dict[str, Any]], params: Mapping[str, Any], prefix: str = "") -> None:
    """GateFailed when a scene speaks without captions that were asked for, or shows one outside the frame."""
    if params["captions"] == CaptionMode.OFF:
        return
    frame = (params["width_px"], params["height_px"])
    misses = []
    captioned: dict[str, bool] = {}
    for step in steps:
        if step["kind"] != StepKind.CLIP or not step["name"].startswith(f"{prefix}scene/"):
            continue
        box = step["facts"]["caption_box"]
        # One piece of a clip may be silent: the whole is not.
        scene = step["name"].partition("/clip")[0]
        captioned[scene] = captioned.get(scene, False) or box is not None
        if box is not None and (box[0] < 0 or box[1] < 0 or box[2] > frame[0] or box[3] > frame[1]):
            misses.append(f"{step['name']} has a caption at {box}, outside the frame of {frame[0]}×{frame[1]}")
    misses += [f"{scene} speaks and shows no caption" for scene, is_shown in captioned.items() if not is_shown]
    if misses:
        raise GateFailed("The captions are not what was planned: " + "; ".join(misses), misses=misses)


def facts_of(steps: list[dict[str, Any]], name: str) -> Mapping[str, Any]:
    """The facts of a finished step."""
    facts: Mapping[str, Any] = next(step["facts"] for step in steps if step["name"] == name)
    return facts


def read_steps(farm: Farm, claim: Claim) -> list[dict[str, Any]]:
    """The job's finished steps: who made each, from which input, into which bytes, in how many attempts."""
    with farm.database.read() as session:
        rows = session.scalars(
            select(Step).where(Step.job_id == claim.job_id, Step.status == StepStatus.SUCCEEDED).order_by(Step.id)
        )
        return [
            {
                "name": step.name,
                "kind": step.kind,
                "input_hash": step.input_hash,
                "adopted": step.adopted,
                "attempts": step.attempt,
                "facts": step.facts,
                "outputs": {name: blob["sha256"] for name, blob in (step.outputs or {}).items()},
            }
            for step in rows
        ]
