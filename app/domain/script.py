"""A script: the scenes of a video, with the words that are spoken and shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from app.domain.effects import Effect
from app.domain.sources import Background, Footage, without_unset


@dataclass(frozen=True)
class Scene:
    """One picture and the words spoken over it.

    `number` counts from 1. `text` is what is spoken AND what the captions show: one line, with the spaces that its
    author wrote, one at a time. A voice times the tokens that `sentences.tokens_of` finds in it.
    `title` is the heading it stands under, on the first scene below that heading only.
    `image` is an asset id of the caller's, `background` a plain card, `video` a piece of a video; with none of them
    the picture is painted. `image_take` and `narration_take` count how often another picture or another reading was
    asked for. `effect` changes what is shown, beneath the captions.
    """

    number: int
    text: str
    title: str | None = None
    image: str | None = None
    image_take: int = 0
    narration_take: int = 0
    background: Background | None = None
    video: Footage | None = None
    effect: Effect | None = None

    @property
    def is_painted(self) -> bool:
        return self.image is None and self.has_picture

    @property
    def has_picture(self) -> bool:
        """Whether it shows a still picture, painted or uploaded."""
        return self.background is None and self.video is None

    @property
    def shows_own(self) -> bool:
        """Whether what is seen is the caller's choice, and so may be black, plain or still."""
        return not self.is_painted or self.effect is not None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        # Scenes of earlier versions know no sources but pictures.
        background, video = Background.from_json(value.get("background")), Footage.from_json(value.get("video"))
        effect = Effect.from_json(value.get("effect"))
        return cls(**{**value, "background": background, "video": video, "effect": effect})


@dataclass(frozen=True)
class Script:
    """`notes` say, a sentence each, what of the caller's text was left out and why."""

    title: str | None
    scenes: tuple[Scene, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "scenes": [without_unset(asdict(scene)) for scene in self.scenes]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        scenes = tuple(Scene.from_json(scene) for scene in value["scenes"])
        return cls(value["title"], scenes, tuple(value["notes"]))


def with_images(script: Script, images: Sequence[str], videos: Collection[str] = ()) -> Script:
    """Hand `images` (asset ids) to the scenes that show nothing yet, in order; a note says how many are left over.

    Those that are in `videos` too are shown as such, muted.
    """
    left = iter(images)

    def shown(scene: Scene) -> Scene:
        asset = next(left, None) if scene.is_painted else None
        if asset is None:
            return scene
        return replace(scene, video=Footage(asset)) if asset in videos else replace(scene, image=asset)

    scenes = tuple(map(shown, script.scenes))
    unused = len(list(left))
    if not unused:
        return replace(script, scenes=scenes)
    note = f"The last {unused} of {len(images)} images were not used: the script has {len(scenes)} scenes."
    return replace(script, scenes=scenes, notes=(*script.notes, note))


def with_effect(script: Script, effect: Effect | None) -> Script:
    """Give the effect to every scene that names none."""
    return replace(script, scenes=tuple(replace(scene, effect=scene.effect or effect) for scene in script.scenes))


def with_background(script: Script, background: Background | None) -> Script:
    """Give the card to every scene whose picture would be painted."""
    scenes = tuple(replace(scene, background=background) if scene.is_painted else scene for scene in script.scenes)
    return replace(script, scenes=scenes)
