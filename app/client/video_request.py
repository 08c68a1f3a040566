"""What `POST /api/videos` takes, as values. What is None is not sent, and left to the farm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from app.domain.effects import Effect
from app.domain.sources import Background, Footage


@dataclass(frozen=True)
class SceneRequest:
    """At most one of `image` (an asset id), `background` and `video`; with none the scene's picture is painted."""

    text: str
    title: str | None = None
    image: str | None = None
    background: Background | None = None
    video: Footage | None = None
    effect: Effect | None = None


@dataclass(frozen=True)
class CaptionBox:
    """A filled box behind the letters; `colour` is `#RRGGBB`, `opacity` up to 1."""

    colour: str | None = None
    opacity: float | None = None


@dataclass(frozen=True)
class Captions:
    """How captions look; None leaves the choice to the farm. Colours are `#RRGGBB`.

    `mode` is `word`, `line` or `off`; `size` is `small`, `medium` or `large`; `position` is `top`, `middle` or
    `bottom`. A `box` takes the outline's place. `font` is `inter`, `manrope`, `fraunces` or `sofia-condensed`.
    """

    mode: str | None = None
    size: str | None = None
    colour: str | None = None
    highlight_colour: str | None = None
    outline_colour: str | None = None
    position: str | None = None
    uppercase: bool | None = None
    box: CaptionBox | None = None
    font: str | None = None


@dataclass(frozen=True)
class Teaser:
    """A few seconds of the video in a loop; `formats` are `gif` and `webp`. None leaves the choice to the farm."""

    formats: tuple[str, ...] | None = None
    start_s: float | None = None
    duration_s: float | None = None
    width_px: int | None = None


@dataclass(frozen=True)
class Variants:
    """What else is to come of the job. `sizes` are written as `VideoRequest.size` is; a `preview` comes first; `audio`
    is `m4a`, `mp3` or both.
    """

    sizes: tuple[str, ...] | None = None
    preview: bool | None = None
    teaser: Teaser | None = None
    audio: tuple[str, ...] | None = None


@dataclass(frozen=True)
class VideoRequest:
    """What `POST /api/videos` takes; None leaves the choice to the farm. Give one of `text`, `scenes`, `prompt`.

    `size` is `1080x1920` or a named ratio; `captions` a mode alone or a look; `template` a name or a whole one, as
    `Client.template` gives it; `brand` whether the brand kit is used; `images` and `music` are asset ids; scenes
    without a picture show `background`, if there is one, and scenes that name no effect have `effect`; `metadata` comes
    back with the job; of one `subject_id` one job is live at a time; `webhook_url` is told what becomes of the job;
    `priority` is 1 to 5, 5 the most urgent.
    """

    text: str | None = None
    scenes: tuple[SceneRequest, ...] | None = None
    prompt: str | None = None
    title: str | None = None
    size: str | None = None
    fps: int | None = None
    language: str | None = None
    voice: str | None = None
    captions: str | Captions | None = None
    template: str | Mapping[str, Any] | None = None
    brand: bool | None = None
    images: tuple[str, ...] | None = None
    background: Background | None = None
    effect: Effect | None = None
    music: str | None = None
    seed: int | None = None
    variants: Variants | None = None
    subject_id: str | None = None
    webhook_url: str | None = None
    priority: int | None = None
    metadata: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        request: dict[str, Any] = without_none(self)
        return request


def without_none(value: Any) -> Any:
    """A value as JSON, with the fields that were set, at every depth."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: without_none(it) for name, it in value.items() if it is not None}
    return [without_none(it) for it in value] if isinstance(value, list | tuple) else value
