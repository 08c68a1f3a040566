"""The output gate: the finished file is measured against the plan, and the manifest says what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from sqlalchemy import select

import app
from app.domain.errors import GateFailed
from app.domain.plan import StepKind
from app.domain.states import StepStatus
from app.domain.timeline import Pace, card_frames
from app.domain.video import CaptionMode
from app.media.gate import Expected, check_output
from app.models import Job, Step
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.assemble import VIDEO
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler

MANIFEST = "manifest.json"
# What the result was made with, beside ourselves.
TOOLS = ("av", "numba", "pillow", "imageio-ffmpeg", "espeakng-loader")


class GateStep(StepHandler):
    # The manifest tells of this very job, and a gate that is passed unseen is none.
    is_adoptable = False
    publishes = (MANIFEST,)

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"video": claim.upstream["assemble"][VIDEO].sha256, "params": claim.params}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        params, pace = claim.params, Pace.from_json(claim.params.get("pace"))
        request = read_request(farm, claim)
        steps = read_steps(farm, claim)
        check_captions(steps, params)
        expected = Expected(
            width_px=params["width_px"],
            height_px=params["height_px"],
            fps=params["fps"],
            frames=facts_of(steps, StepKind.ASSEMBLE)[0]["frames"],
            shows_own=params.get("shows_own", False)
            or any(facts["provider"] == "upload" for facts in facts_of(steps, StepKind.IMAGE)),
            card_frames=(card_frames(pace.intro_s, params["fps"]), card_frames(pace.outro_s, params["fps"])),
        )
        measured = check_output(farm.storage.path(claim.upstream["assemble"][VIDEO].sha256), expected, bench.report)
        manifest = {
            "job": claim.job_public_id,
            "title": params["title"],
            "notes": params["notes"],
            "measured": asdict(measured),
            "outputs": {name: blob.to_json() for name, blob in claim.upstream["assemble"].items()},
            "steps": steps,
            "versions": {"sceneworks": app.__version__, **{tool: version(tool) for tool in TOOLS}},
            "input": request,
        }
        if template := request.get("template"):
            manifest["template"] = {"name": template["name"], "version": template["version"]}
        path = bench.folder / MANIFEST
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8")
        return Outcome({MANIFEST: OutputFile(path, "application/json")}, asdict(measured))


def check_captions(steps: list[dict[str, Any]], params: Mapping[str, Any]) -> None:
    """GateFailed when a scene speaks without captions that were asked for, or shows one outside the frame."""
    if params["captions"] == CaptionMode.OFF:
        return
    frame = (params["width_px"], params["height_px"])
    misses = []
    for step in steps:
        if step["kind"] != StepKind.CLIP:
            continue
        box = step["facts"]["caption_box"]
        if box is None:
            misses.append(f"{step['name']} speaks and shows no caption")
        elif box[0] < 0 or box[1] < 0 or box[2] > frame[0] or box[3] > frame[1]:
            misses.append(f"{step['name']} has a caption at {box}, outside the frame of {frame[0]}×{frame[1]}")
    if misses:
        raise GateFailed("The captions are not what was planned: " + "; ".join(misses), misses=misses)


def facts_of(steps: list[dict[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """The facts of the finished steps of one kind, in the order of the plan."""
    return [step["facts"] for step in steps if step["kind"] == kind]


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


def read_request(farm: Farm, claim: Claim) -> dict[str, Any]:
    """What was asked for, as it was accepted."""
    with farm.database.read() as session:
        request: dict[str, Any] = session.execute(select(Job.input).where(Job.id == claim.job_id)).scalar_one()
        return request
