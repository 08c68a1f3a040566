"""The script: the caller's own text cut into scenes, an LLM's answer to a prompt, or one that was edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select

from app.domain.errors import ProviderNotConfigured
from app.domain.plan import Follow
from app.domain.plan_look import written_titles
from app.domain.plan_variants import plan_video
from app.domain.script import Script, with_background, with_effect, with_images
from app.domain.video import CaptionMode, VideoInput
from app.models import Job
from app.providers.own_text import script_from_scenes, script_from_text
from app.providers.protocols import WritingRequest
from app.services.agreeing_encoders import workers_agree
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.services.steps.vendor_call import await_call
from app.storage.protocol import Blob
from app.typography.lettering import check_glyphs

OUTPUT = "script.json"


class ScriptStep(StepHandler):
    version = 2  # Scenes keep the spaces that their author wrote, and end between phrases.

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        video = load_input(farm, claim)
        if video.script is not None:
            return {"script": video.script.to_json()}
        shown: dict[str, Any] = {"images": video.images}
        if video.background is not None:
            shown["background"] = asdict(video.background)
        if video.effect is not None:
            shown["effect"] = asdict(video.effect)
        if video.prompt is not None:
            writer = require_writer(farm)
            by = {"provider": writer.name, "provider_version": writer.version}
            return {**by, "prompt": video.prompt, "language": video.language, **shown}
        scenes = None if video.scenes is None else [scene.to_json() for scene in video.scenes]
        return {"text": video.text, "scenes": scenes, **shown}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        video = load_input(farm, claim)
        if video.prompt is not None:
            writer = require_writer(farm)
            request = WritingRequest(video.prompt, video.language, call_key=bench.call_key)
            script = await_call(lambda line: writer.write(request, line), bench.report)
            provider = writer.name
        elif video.script is not None:
            # A revision: read or cut anew, the scenes that nobody touched could come out otherwise.
            script, provider = video.script, "revision"
        else:
            script = script_from_text(video.text) if video.text is not None else script_from_scenes(video.scenes or ())
            provider = "own text"
        script = with_background(with_images(script, video.images, video.footage_s or ()), video.background)
        script = with_effect(script, video.effect)
        # Before anything is spoken or paid for: a clip that cannot show its words fails the whole job.
        check_glyphs(written_titles(script, video))
        if video.captions != CaptionMode.OFF:
            check_glyphs(video.shown(scene.text) for scene in script.scenes)
        path = bench.folder / OUTPUT
        path.write_text(json.dumps(script.to_json(), ensure_ascii=False), encoding="utf-8")
        return Outcome(
            {OUTPUT: OutputFile(path, "application/json")},
            {"provider": provider, "scenes": len(script.scenes)},
        )

    def follow(self, farm: Farm, claim: Claim, outputs: Mapping[str, Blob]) -> Follow:
        video = load_input(farm, claim)
        script = load_script(farm, outputs[OUTPUT])
        pools = replace(farm.pools, workers_agree=workers_agree(farm.database))
        return Follow(plan_video(script, video, pools), video.title or script.title)


def load_input(farm: Farm, claim: Claim) -> VideoInput:
    """What the caller asked for."""
    with farm.database.read() as session:
        return VideoInput.from_json(session.execute(select(Job.input).where(Job.id == claim.job_id)).scalar_one())


def load_script(farm: Farm, blob: Blob) -> Script:
    with farm.storage.open(blob.sha256) as file:
        return Script.from_json(json.load(file))


def require_writer(farm: Farm) -> Any:
    if farm.writer is None:
        raise ProviderNotConfigured("This worker has no language model configured. Set OPENAI_API_KEY where it runs.")
    return farm.writer
