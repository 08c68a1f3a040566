"""Editing one scene of a script: what is asked for, and the script that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.domain.effects import Effect
from app.domain.errors import InvalidInput, NotFound
from app.domain.script import Scene, Script
from app.domain.sources import ONE_SOURCE, Background, Footage

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
    """What to change; a field that is None stays as it is.

    `image` is an asset id. Given a picture, a video or a background the scene shows that and nothing else; with the one
    that it shows given as None it gets a painted picture. Its effect stays whatever it shows, until another is given.
    """

    text: str | None = None
    title: Given[str | None] | None = None
    image: Given[str | None] | None = None
    background: Given[Background | None] | None = None
    video: Given[Footage | None] | None = None
    effect: Given[Effect | None] | None = None
    regenerate: tuple[Part, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the fields that were given."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name))


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
        effect=scene.effect if edit.effect is None else edit.effect.value,
        **_sources(scene, edit),
    )
    if Part.IMAGE in edit.regenerate:
        if changed.image is not None:
            raise InvalidInput("regenerate", "The scene shows an upload. Send image null to have a picture painted.")
        if not changed.has_picture:
            shown = "background" if changed.video is None else "video"
            raise InvalidInput("regenerate", f"The scene shows no picture. Send {shown} null to have one painted.")
        changed = replace(changed, image_take=used.image + 1)
    if Part.NARRATION in edit.regenerate:
        changed = replace(changed, narration_take=used.narration + 1)
    if changed == scene:
        raise InvalidInput("body", "This changes nothing in the scene.")
    return replace(script, scenes=tuple(changed if it.number == number else it for it in script.scenes))


def _sources(scene: Scene, edit: SceneEdit) -> dict[str, Any]:
    """What the scene shows after the edit, by field; InvalidInput when that would be two things at once."""
    given: dict[str, Given[Any] | None] = {"image": edit.image, "video": edit.video, "background": edit.background}
    shown = [name for name, it in given.items() if it is not None and it.value is not None]
    if len(shown) > 1:
        raise InvalidInput(shown[1], ONE_SOURCE)
    if shown:
        return {name: it.value if it is not None and name in shown else None for name, it in given.items()}
    return {name: getattr(scene, name) if it is None else None for name, it in given.items()}
