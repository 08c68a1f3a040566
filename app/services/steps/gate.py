"""The output gate: the finished file is measured against the plan, and the manifest says what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from sqlalchemy import select

import app
from app.domain.encoders import EncoderName
from app.domain.plan import StepKind
from app.domain.step_names import ASSEMBLE, VIDEO, clips_in_order
from app.models import Job
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.check_video import check_video, facts_of, read_steps
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler

MANIFEST = "manifest.json"
# What the result was made with, beside ourselves.
TOOLS = ("av", "numba", "pillow", "imageio-ffmpeg", "espeakng-loader")


class GateStep(StepHandler):
    # The manifest tells of this very job, and a gate that is passed unseen is none.
    is_adoptable = False
    publishes = (MANIFEST,)

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"video": claim.upstream[ASSEMBLE][VIDEO].sha256, "params": claim.params}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        params, request = claim.params, read_request(farm, claim)
        steps = read_steps(farm, claim)
        measured = check_video(farm, claim, bench, steps)
        variants = [step["facts"] for step in steps if step["kind"] == StepKind.CHECK]
        manifest = {
            "job": claim.job_public_id,
            "title": params["title"],
            "notes": params["notes"],
            "encoder": encoder_of(steps),
            "measured": asdict(measured),
            "outputs": {name: blob.to_json() for name, blob in claim.upstream[ASSEMBLE].items()},
            **({"variants": variants} if variants else {}),
            "steps": steps,
            "versions": {"sceneworks": app.__version__, **{tool: version(tool) for tool in TOOLS}},
            "input": request,
        }
        if template := request.get("template"):
            manifest["template"] = {"name": template["name"], "version": template["version"]}
        path = bench.folder / MANIFEST
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8")
        return Outcome({MANIFEST: OutputFile(path, "application/json")}, asdict(measured))


def encoder_of(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """What the video was encoded with, and why; with the clips that had to be coded again to be joined."""
    coded_again = facts_of(steps, ASSEMBLE).get("coded_again", [])
    if coded_again:
        why = "clips of different encoders cannot be joined"
        return {"name": EncoderName.X264, "why": why, "clips_coded_again": coded_again}
    # Clips that were made before there was a choice are x264's.
    first = clips_in_order(step["name"] for step in steps)[0]
    return dict(facts_of(steps, first).get("encoder") or {"name": EncoderName.X264})


def read_request(farm: Farm, claim: Claim) -> dict[str, Any]:
    """What was asked for, as it was accepted."""
    with farm.database.read() as session:
        request: dict[str, Any] = session.execute(select(Job.input).where(Job.id == claim.job_id)).scalar_one()
        return request
