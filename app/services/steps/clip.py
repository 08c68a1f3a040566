"""A scene's moving picture, with its captions and the crossfade into the next scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from app.domain.capitals import in_capitals
from app.domain.caption_style import CaptionStyle
from app.domain.captions import break_into_cues, shape_for, with_texts
from app.domain.clip_pieces import Piece
from app.domain.encoders import EncoderChoice, EncoderName, choice_for_clip
from app.domain.plan import KEEP_TO_X264
from app.domain.sources import Background
from app.domain.speech import Speech
from app.domain.step_names import image_name, narration_name
from app.domain.template import Corner, Logo, LowerThird, Motion, Transition
from app.domain.timeline import LEAD_IN_S, fade_frames, scene_frames
from app.domain.typeface import Typeface
from app.domain.video import CaptionMode
from app.media.clip import ClipSpec, render_clip
from app.media.overlays import SceneTitle, Watermark
from app.media.sources import FootagePiece, Plain, Source, WithEffect
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler, find_need
from app.services.steps.image import OUTPUT as PICTURE
from app.services.steps.narration import WORDS, load_speech
from app.typography.typefaces import found_fonts

OUTPUT = "clip.mp4"


class ClipStep(StepHandler):
    # Lower thirds keep clear of a logo and of tall captions, no logo is taller than a square one, a video that fits
    # badly sits on its own blur, and an interlaced one is deinterlaced. Captions are parted by dictionaries, and
    # numbers by rules of their own. A logo is trimmed, and has a halo where pictures would swallow it. Captions keep
    # to the ends of sentences, and titles have no hyphen within a line. Pictures are shrunk by a filter of ours.
    # Pieces are of one length.
    version = 7

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        work = {**rendering_work(farm, claim), "inputs": self._inputs(claim)}
        # Fonts that do not ship with us differ between machines, and so does what they draw.
        fonts = self._found_fonts(farm, claim)
        return {**work, "fonts": fonts} if fonts else work

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        inputs = self._inputs(claim)
        encoder = encoder_for(farm, claim)
        spec = clip_spec(claim.params, load_speech(farm.storage.path(inputs["words"])))
        spec = replace(spec, encoder=encoder.name, watermark=watermark(farm, claim.params))
        source = source_of(farm, claim.params, inputs, "")
        next_source = None
        if not claim.params["is_last"] and Piece.from_params(claim.params).is_last:
            next_source = source_of(farm, claim.params, inputs, "next_")
        out = bench.folder / OUTPUT
        made = render_clip(spec, source, next_source, out, bench.report)
        return Outcome({OUTPUT: OutputFile(out, "video/mp4")}, {**asdict(made), **rendering_facts(farm, claim)})

    def _found_fonts(self, farm: Farm, claim: Claim) -> dict[str, str]:
        shown = [claim.params["title"]["words"]] if "title" in claim.params else []
        if claim.params["captions"] != CaptionMode.OFF:
            shown += [word.text for word in load_speech(farm.storage.path(self._inputs(claim)["words"])).words]
        return found_fonts(shown, claim.params.get("language", ""))

    def _inputs(self, claim: Claim) -> dict[str, str]:
        """SHA-256 of the words and pictures it is made of."""
        number = claim.params["number"]
        inputs = {"words": claim.upstream[narration_name(number)][WORDS].sha256}
        for name, shown in (("picture", number), ("next_picture", number + 1)):
            # A scene that shows a card or a video has no picture.
            if (image := find_need(claim, image_name(shown))) is not None:
                inputs[name] = image[PICTURE].sha256
        return inputs


def encoder_for(farm: Farm, claim: Claim) -> EncoderChoice:
    params = claim.params
    return choice_for_clip(
        farm.encoder,
        keep_to_x264=params.get("keep_to_x264", False),
        attempt=claim.attempt,
        shorter_side_px=min(params["width_px"], params["height_px"]),
    )


def rendering_work(farm: Farm, claim: Claim) -> dict[str, Any]:
    """What a clip depends on beside its inputs and fonts: its parameters, and what a worker brings to them."""
    # Whether to keep to x264 is told by the encoder, and changes nothing beside it.
    work: dict[str, Any] = {"params": {key: value for key, value in claim.params.items() if key not in KEEP_TO_X264}}
    encoder = encoder_for(farm, claim)
    if encoder.name != EncoderName.X264:
        work["encoder"] = {"name": encoder.name, "fingerprint": encoder.fingerprint}
    if effects := _effects(farm, claim):
        work["effects"] = effects
    return work


def rendering_facts(farm: Farm, claim: Claim) -> dict[str, Any]:
    """What a clip was made with, for the manifest."""
    encoder, effects = encoder_for(farm, claim), _effects(farm, claim)
    return {"encoder": {"name": encoder.name, "why": encoder.why}, **({"effects": effects} if effects else {})}


def _effects(farm: Farm, claim: Claim) -> dict[str, dict[str, str]]:
    """The versions of the effects in this scene and in the next one, which its tail shows, by name."""
    named = [claim.params[key]["name"] for key in ("effect", "next_effect") if key in claim.params]
    return {name: farm.effects.version_of(name) for name in named}


def source_of(farm: Farm, params: Mapping[str, Any], inputs: Mapping[str, str], prefix: str) -> Source:
    """What a clip shows, or with the prefix `next_` what it leads to. `inputs` has the hashes of its pictures."""
    plain = _plain_source(farm, params, inputs, prefix)
    effect = params.get(f"{prefix}effect")
    if effect is None:
        return plain
    return WithEffect(plain, effect["name"], farm.effects.load(effect["name"]), effect["settings"])


def _plain_source(farm: Farm, params: Mapping[str, Any], inputs: Mapping[str, str], prefix: str) -> Plain:
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
    transition = Transition.from_json(params.get("transition", {}))
    frames = scene_frames(speech.duration_s, fps, is_last=is_last, fade_s=transition.tail_s)
    fade = fade_frames(fps, is_last=is_last, fade_s=transition.tail_s)
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
        motion=Motion.from_json(params.get("motion", {})),
        transition=transition,
        title=scene_title(params.get("title")),
        piece=Piece.from_params(params).frames(frames, fade),
    )


def scene_title(planned: Mapping[str, Any] | None) -> SceneTitle | None:
    if planned is None:
        return None
    return SceneTitle(planned["words"], LowerThird(**planned["look"]), Typeface(planned["font"]))


def watermark(farm: Farm, params: Mapping[str, Any], *, on_scene: bool = True) -> Watermark | None:
    """The logo over a clip, if it has one; it is not shown on title cards."""
    if "logo" not in params:
        return None
    look = {name: value for name, value in params["logo"].items() if name != "asset"}
    logo = Logo(**{**look, "corner": Corner(look["corner"])})
    path = farm.storage.path(params["logo"]["asset"])
    return Watermark(path, logo, on_scene=on_scene, on_next=not params.get("is_before_card", False))
