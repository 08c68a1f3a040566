"""A scene's moving picture, with its captions and the crossfade into the next scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from app.domain.capitals import in_capitals
from app.domain.caption_style import CaptionStyle
from app.domain.captions import break_into_cues, shape_for, with_texts
from app.domain.encoders import EncoderChoice, EncoderName, choice_for_clip
from app.domain.plan import KEEP_TO_X264, image_name, narration_name
from app.domain.sources import Background
from app.domain.speech import Speech
from app.domain.timeline import LEAD_IN_S, fade_frames, scene_frames
from app.domain.video import CaptionMode
from app.media.clip import ClipSpec, render_clip
from app.media.sources import FootagePiece, Plain, Source, WithEffect
from app.media.typefaces import found_fonts
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler, find_need
from app.services.steps.image import OUTPUT as PICTURE
from app.services.steps.narration import WORDS, load_speech

OUTPUT = "clip.mp4"


class ClipStep(StepHandler):
    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        # Whether to keep to x264 is told by the encoder, and changes nothing beside it.
        params = {name: value for name, value in claim.params.items() if name not in KEEP_TO_X264}
        work: dict[str, Any] = {"params": params, "inputs": self._inputs(claim)}
        encoder = self._encoder(farm, claim)
        if encoder.name != EncoderName.X264:
            work["encoder"] = {"name": encoder.name, "fingerprint": encoder.fingerprint}
        if effects := self._effects(farm, claim):
            work["effects"] = effects
        # Fonts that do not ship with us differ between machines, and so does what they draw.
        fonts = self._found_fonts(farm, claim)
        return {**work, "fonts": fonts} if fonts else work

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        inputs = self._inputs(claim)
        encoder = self._encoder(farm, claim)
        spec = replace(clip_spec(claim.params, load_speech(farm.storage.path(inputs["words"]))), encoder=encoder.name)
        source = self._source(farm, claim.params, inputs, "")
        next_source = None
        if not claim.params["is_last"]:
            next_source = self._source(farm, claim.params, inputs, "next_")
        out = bench.folder / OUTPUT
        made = render_clip(spec, source, next_source, out, bench.report)
        facts = {**asdict(made), "encoder": {"name": encoder.name, "why": encoder.why}}
        if effects := self._effects(farm, claim):
            facts["effects"] = effects
        return Outcome({OUTPUT: OutputFile(out, "video/mp4")}, facts)

    def _encoder(self, farm: Farm, claim: Claim) -> EncoderChoice:
        params = claim.params
        return choice_for_clip(
            farm.encoder,
            keep_to_x264=params.get("keep_to_x264", False),
            attempt=claim.attempt,
            shorter_side_px=min(params["width_px"], params["height_px"]),
        )

    def _effects(self, farm: Farm, claim: Claim) -> dict[str, dict[str, str]]:
        """The versions of the effects in this scene and in the next one, which its tail shows, by name."""
        named = [claim.params[key]["name"] for key in ("effect", "next_effect") if key in claim.params]
        return {name: farm.effects.version_of(name) for name in named}

    def _found_fonts(self, farm: Farm, claim: Claim) -> dict[str, str]:
        if claim.params["captions"] == CaptionMode.OFF:
            return {}
        speech = load_speech(farm.storage.path(self._inputs(claim)["words"]))
        return found_fonts((word.text for word in speech.words), claim.params.get("language", ""))

    def _inputs(self, claim: Claim) -> dict[str, str]:
        """SHA-256 of the words and pictures it is made of."""
        number = claim.params["number"]
        inputs = {"words": claim.upstream[narration_name(number)][WORDS].sha256}
        for name, shown in (("picture", number), ("next_picture", number + 1)):
            # A scene that shows a card or a video has no picture.
            if (image := find_need(claim, image_name(shown))) is not None:
                inputs[name] = image[PICTURE].sha256
        return inputs

    def _source(self, farm: Farm, params: Mapping[str, Any], inputs: Mapping[str, str], prefix: str) -> Source:
        """What the scene shows, or with the prefix `next_` the one after it."""
        plain = self._plain_source(farm, params, inputs, prefix)
        effect = params.get(f"{prefix}effect")
        if effect is None:
            return plain
        return WithEffect(plain, effect["name"], farm.effects.load(effect["name"]), effect["settings"])

    def _plain_source(self, farm: Farm, params: Mapping[str, Any], inputs: Mapping[str, str], prefix: str) -> Plain:
        if f"{prefix}card" in params:
            return Background(**params[f"{prefix}card"])
        if f"{prefix}footage" in params:
            return footage_piece(farm, params[f"{prefix}footage"])
        return farm.storage.path(inputs[f"{prefix}picture"])


def footage_piece(farm: Farm, planned: Mapping[str, Any]) -> FootagePiece:
    return FootagePiece(farm.storage.path(planned["asset"]), planned["start_s"], planned["end_s"])


def clip_spec(params: Mapping[str, Any], speech: Speech) -> ClipSpec:
    """What the clip's step asks of the renderer, from its parameters and the scene's speech."""
    fps, is_last = params["fps"], params["is_last"]
    frame = {"width_px": params["width_px"], "height_px": params["height_px"]}
    frames, fade = scene_frames(speech.duration_s, fps, is_last=is_last), fade_frames(fps, is_last=is_last)
    style = CaptionStyle.from_json(params.get("caption_style", {}))
    shape = shape_for(**frame, style=style)
    cues = break_into_cues(speech.words, shape, offset_s=LEAD_IN_S, until_s=(frames - fade) / fps)
    if style.uppercase:
        # Only now: where sentences end is read from small letters too.
        cues = tuple(with_texts(cue, lambda text: in_capitals(text, params.get("language", ""))) for cue in cues)
    return ClipSpec(
        **frame,
        fps=fps,
        frames=frames,
        fade_frames=fade,
        number=params["number"],
        cues=cues,
        caption_mode=params["captions"],
        caption_style=style,
        language=params.get("language", ""),
    )
