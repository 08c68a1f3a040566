"""The sound alone: the video's own soundtrack, in each format that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.media.audio_file import make_m4a, make_mp3
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.services.steps.soundtrack import OUTPUT as SOUNDTRACK

MEDIA_TYPES = {"m4a": "audio/mp4", "mp3": "audio/mpeg"}


class AudioStep(StepHandler):
    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"params": claim.params, "soundtrack": claim.upstream["soundtrack"][SOUNDTRACK].sha256}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        soundtrack = farm.storage.path(claim.upstream["soundtrack"][SOUNDTRACK].sha256)
        files = {}
        for format in claim.params["formats"]:
            out = bench.folder / f"audio.{format}"
            if format == "m4a":
                make_m4a(soundtrack, claim.params["title"], out)
            else:
                make_mp3(soundtrack, claim.params["title"], out, bench.report)
            files[out.name] = OutputFile(out, MEDIA_TYPES[format])
        return Outcome(files)
