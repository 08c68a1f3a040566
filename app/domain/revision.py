"""Editing one scene of a script: what is asked for, and the script that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.errors import InvalidInput, NotFound
from app.domain.script import Scene, Script

T = TypeVar("T")


class Part(StrEnum):
    """What of a scene can be made anew without changing a word."""

    IMAGE = "image"  # another painted picture
    NARRATION = "narration"  # another reading of the same words


@dataclass(frozen=True)
class Given(Generic[T]):
    """A field that was given, be it as null."""

    value: T


@dataclass(frozen=True)
class SceneEdit:
    """What to change; a field that is None stays as it is. `image` is an asset id, or None for a painted picture."""

    text: str | None = None
    title: Given[str | None] | None = None
    image: Given[str | None] | None = None
    regenerate: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Takes:
    """The highest takes of a scene that any revision has used: one more of each has not been seen yet."""

    image: int = 0
    narration: int = 0


def scene_of(script: Script, number: int) -> Scene:
    """NotFound when the script has no scene of this number (counted from 1)."""
    if not 1 <= number <= len(script.scenes):
        raise NotFound(f"There is no scene {number}: the video has {len(script.scenes)}.")
    return script.scenes[number - 1]


def takes_of(scene: Scene, others: list[Scene]) -> Takes:
    """The highest takes of the scene and of its `others`, the same scene in other revisions."""
    scenes = [scene, *others]
    return Takes(max(it.image_take for it in scenes), max(it.narration_take for it in scenes))


def revise(script: Script, number: int, edit: SceneEdit, used: Takes) -> Script:
    """The script with one scene edited and every other scene as it was, to the letter.

    `edit` has been cleaned: its text is one line of spoken words. InvalidInput when it changes nothing, or asks for
    another picture of a scene that shows an upload.
    """
    scene = scene_of(script, number)
    changed = replace(
        scene,
        text=scene.text if edit.text is None else edit.text,
        title=scene.title if edit.title is None else edit.title.value,
        image=scene.image if edit.image is None else edit.image.value,
    )
    if Part.IMAGE in edit.regenerate:
        if changed.image is not None:
            raise InvalidInput("regenerate", "The scene shows an upload. Send image null to have a picture painted.")
        changed = replace(changed, image_take=used.image + 1)
    if Part.NARRATION in edit.regenerate:
        changed = replace(changed, narration_take=used.narration + 1)
    if changed == scene:
        raise InvalidInput("body", "This changes nothing in the scene.")
    return replace(script, scenes=tuple(changed if it.number == number else it for it in script.scenes))
