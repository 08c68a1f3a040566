"""The teaser: a few seconds of the finished video, in each format that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.step_names import ASSEMBLE, VIDEO
from app.media.teaser import TeaserSpec, fit_piece, length_s, make_teaser
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler


class TeaserStep(StepHandler):
    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"params": claim.params, "video": claim.upstream[ASSEMBLE][VIDEO].sha256}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        video = farm.storage.path(claim.upstream[ASSEMBLE][VIDEO].sha256)
        spec = fit_piece(TeaserSpec(**claim.params["piece"]), length_s(video))
        formats = claim.params["formats"]
        files = {}
        for number, format in enumerate(formats):

            def report(fraction: float, number: int = number) -> None:
                bench.report((number + fraction) / len(formats))

            out = bench.folder / f"teaser.{format}"
            make_teaser(video, spec, out, report)
            files[out.name] = OutputFile(out, f"image/{format}")
        return Outcome(files, {"piece": asdict(spec)})
