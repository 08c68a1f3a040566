"""A script: the scenes of a video, with the words that are spoken and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Scene:
    """One picture and the words spoken over it.

    `number` counts from 1. `text` is what is spoken AND what the captions show: one line,
    tokens separated by single spaces, so that `text.split(" ")` are the caption's words.
    `title` is the heading it stands under, on the first scene below that heading only.
    `image` is an asset id of the caller's, or None for a painted picture. `image_take` and
    `narration_take` count how often another picture or another reading was asked for.
    """

    number: int
    text: str
    title: str | None = None
    image: str | None = None
    image_take: int = 0
    narration_take: int = 0


@dataclass(frozen=True)
class Script:
    """`notes` say, a sentence each, what of the caller's text was left out and why."""

    title: str | None
    scenes: tuple[Scene, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["title"], tuple(Scene(**scene) for scene in value["scenes"]), tuple(value["notes"]))


def with_images(script: Script, images: Sequence[str]) -> Script:
    """Hand `images` (asset ids) to the scenes that have none, in order; a note says how many are left over."""
    left = iter(images)
    scenes = tuple(
        scene if scene.image is not None else replace(scene, image=next(left, None)) for scene in script.scenes
    )
    unused = len(list(left))
    if not unused:
        return replace(script, scenes=scenes)
    note = f"The last {unused} of {len(images)} images were not used: the script has {len(scenes)} scenes."
    return replace(script, scenes=scenes, notes=(*script.notes, note))
