"""The output gate of a variant: what it is, is measured; then it is published, while the rest of the job goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.plan_variants import AUDIO, TEASER
from app.domain.step_names import SOUNDTRACK
from app.media.audio_file import check_audio
from app.media.teaser import TeaserSpec, check_teaser
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.check_video import check_video, facts_of, read_steps, watched_frames
from app.services.steps.handler import Bench, Outcome, StepHandler
from app.storage.protocol import Blob


class CheckStep(StepHandler):
    """Its outputs are the bytes that it was given, under the names that the customer knows."""

    # As for the gate: one that is passed unseen is none.
    is_adoptable = False

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"files": {name: blob.sha256 for name, blob in self._given(claim).items()}, "params": claim.params}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        given = self._given(claim)
        measured = self._measure(farm, claim, bench, given)
        # As the manifest tells them.
        outputs = {name: blob.to_json() for name, blob in given.items()}
        return Outcome({}, {"variant": claim.params["variant"], "outputs": outputs, "measured": measured}, stored=given)

    def published(self, claim: Claim) -> tuple[str, ...]:
        return tuple(claim.params["publishes"].values())

    def _given(self, claim: Claim) -> dict[str, Blob]:
        """What the one step that it needs has made, by the customer's names."""
        (made,) = claim.upstream.values()
        return {name: made[inner] for inner, name in claim.params["publishes"].items()}

    def _measure(self, farm: Farm, claim: Claim, bench: Bench, given: Mapping[str, Blob]) -> dict[str, Any]:
        """As JSON; GateFailed when one is not what was planned."""
        steps, params = read_steps(farm, claim), claim.params
        if params["variant"] == TEASER:
            spec = TeaserSpec(**facts_of(steps, TEASER)["piece"])
            first, last = (round(at_s * params["fps"]) for at_s in (spec.start_s, spec.start_s + spec.duration_s))
            # What else it may be cut from is the caller's own, or a title card: plain and still as asked.
            must_move = any(it.start <= first and last <= it.stop for it in watched_frames(steps, params))
            return {
                name: asdict(
                    check_teaser(
                        farm.storage.path(blob.sha256), name.rpartition(".")[2], spec, may_be_still=not must_move
                    )
                )
                for name, blob in given.items()
            }
        if params["variant"] == AUDIO:
            duration_s = facts_of(steps, SOUNDTRACK)["duration_s"]
            return {
                name: asdict(check_audio(farm.storage.path(blob.sha256), name.rpartition(".")[2], duration_s))
                for name, blob in given.items()
            }
        return asdict(check_video(farm, claim, bench, steps, prefix=f"{params['variant']}/"))
