"""The output gate of a variant: what it is, is measured; then it is published, while the rest of the job goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.plan import ASSEMBLE
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.check_video import check_video, read_steps
from app.services.steps.handler import Bench, Outcome, StepHandler, need
from app.storage.protocol import Blob


class CheckStep(StepHandler):
    """Its outputs are the bytes that it was given, under the names that the customer knows."""

    # As for the gate: one that is passed unseen is none.
    is_adoptable = False

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"files": {name: blob.sha256 for name, blob in self._given(claim).items()}, "params": claim.params}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        given = self._given(claim)
        variant = claim.params["variant"]
        measured = check_video(farm, claim, bench, read_steps(farm, claim), prefix=f"{variant}/")
        # As the manifest tells them.
        outputs = {name: blob.to_json() for name, blob in given.items()}
        return Outcome({}, {"variant": variant, "outputs": outputs, "measured": asdict(measured)}, stored=given)

    def published(self, claim: Claim) -> tuple[str, ...]:
        return tuple(claim.params["publishes"].values())

    def _given(self, claim: Claim) -> dict[str, Blob]:
        made = need(claim, ASSEMBLE)
        return {name: made[inner] for inner, name in claim.params["publishes"].items()}
