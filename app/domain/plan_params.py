"""Parameters of steps: what each must know of a scene and its video, and nothing that makes no other result."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.domain.capitals import depends_on_language
from app.domain.caption_style import differences
from app.domain.script import Scene
from app.domain.scripts import Script as WritingScript
from app.domain.scripts import scripts_in
from app.domain.sources import SHORTEST_FOOTAGE_S, Footage
from app.domain.video import CaptionMode, VideoInput


def source_params(scene: Scene, video: VideoInput, prefix: str = "") -> dict[str, Any]:
    """What a clip must know of what a scene shows; nothing for a plain picture, which is another step's output.

    With the prefix `next_` it is about the scene that a clip leads to.
    """
    params: dict[str, Any] = {} if scene.effect is None else {f"{prefix}effect": asdict(scene.effect)}
    if scene.background is not None:
        return {**params, f"{prefix}card": asdict(scene.background)}
    if scene.video is None:
        return params
    piece = footage_params(video, scene.video)
    if prefix:
        # Only its first frame is seen here, so that another end is no other clip.
        piece["end_s"] = piece["start_s"] + SHORTEST_FOOTAGE_S
    return {**params, f"{prefix}footage": piece}


def caption_look(text: str, video: VideoInput) -> dict[str, Any]:
    """What the captions' pictures depend on beside their mode; nothing for the default look, as for the first take."""
    if video.captions == CaptionMode.OFF:
        return {}
    look: dict[str, Any] = {}
    if style := differences(video.caption_style, highlights=video.captions == CaptionMode.WORD):
        look["caption_style"] = style
    has_own_capitals = video.caption_style.uppercase and depends_on_language(video.language)
    # A Han character is written otherwise in Japan than in Taiwan.
    if has_own_capitals or WritingScript.HAN in scripts_in([text]):
        look["language"] = video.language
    return look


def frame_params(video: VideoInput) -> dict[str, int]:
    return {"width_px": video.width_px, "height_px": video.height_px}


def footage_params(video: VideoInput, footage: Footage) -> dict[str, Any]:
    """The file, and the piece of it that is shown, in seconds."""
    end_s = (video.footage_s or {})[footage.asset] if footage.end_s is None else footage.end_s
    return {"asset": asset_hash(video, footage.asset), "start_s": footage.start_s, "end_s": end_s}


def asset_hash(video: VideoInput, asset_id: str | None) -> str | None:
    """The SHA-256 of an asset's bytes, as it was resolved when the job was accepted."""
    return None if asset_id is None else (video.assets or {})[asset_id]
