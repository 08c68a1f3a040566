"""A title card's clip: before the first scene, or after the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from app.domain.plan_look import title_card_from
from app.domain.step_names import image_name
from app.domain.template import Motion, Transition
from app.domain.timeline import card_frames, fade_frames
from app.domain.video import CaptionMode
from app.media.clip import ClipSpec, render_clip
from app.media.sources import CardSource
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.clip import OUTPUT, encoder_for, rendering_facts, rendering_work, source_of, watermark
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler, find_need
from app.services.steps.image import OUTPUT as PICTURE
from app.typography.typefaces import found_fonts


class CardStep(StepHandler):
    version = 5  # As the clip's: it leads to what the first scene shows, and has the same titles and logo.

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        fonts = found_fonts(claim.params["title_card"]["lines"], claim.params["language"])
        return {**rendering_work(farm, claim), "inputs": self._inputs(claim), "fonts": fonts}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        params, is_last = claim.params, claim.params["is_last"]
        mark = watermark(farm, params, on_scene=False)
        # What follows nothing is an outro: the scene before it has led to its bare ground.
        source = CardSource(title_card_from(params["title_card"]), mark.path if mark else None, fades_in=is_last)
        following = None if is_last else source_of(farm, params, self._inputs(claim), "next_")
        spec = replace(card_spec(params), encoder=encoder_for(farm, claim).name, watermark=mark)
        out = bench.folder / OUTPUT
        made = render_clip(spec, source, following, out, bench.report)
        return Outcome({OUTPUT: OutputFile(out, "video/mp4")}, {**asdict(made), **rendering_facts(farm, claim)})

    def _inputs(self, claim: Claim) -> dict[str, str]:
        image = find_need(claim, image_name(1))
        return {} if image is None else {"next_picture": image[PICTURE].sha256}


def card_spec(params: Mapping[str, Any]) -> ClipSpec:
    """What the card's step asks of the renderer, but for the watermark."""
    fps = params["fps"]
    transition = Transition.from_json(params.get("transition", {}))
    return ClipSpec(
        width_px=params["width_px"],
        height_px=params["height_px"],
        fps=fps,
        frames=card_frames(params["title_card"]["length_s"], fps),
        fade_frames=fade_frames(fps, is_last=params["is_last"], fade_s=transition.tail_s),
        # Before scene 1, which the intro leads to.
        number=0,
        cues=(),
        caption_mode=CaptionMode.OFF.value,
        language=params["language"],
        motion=Motion.from_json(params.get("motion", {})),
        transition=transition,
    )
