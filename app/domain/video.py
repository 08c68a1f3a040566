"""What a caller may ask of a video, normalised: the input of a job of kind `video`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.domain.capitals import in_capitals
from app.domain.caption_style import CaptionMode as CaptionMode
from app.domain.caption_style import CaptionStyle
from app.domain.effects import Effect
from app.domain.errors import InvalidInput
from app.domain.ids import canonical_hash
from app.domain.look import Brand
from app.domain.script import Script
from app.domain.sources import Background, Footage, without_unset
from app.domain.template import Template
from app.domain.variants import Frame, Variants

NAMED_SIZES = {"9:16": (1080, 1920), "16:9": (1920, 1080), "1:1": (1080, 1080), "4:5": (1080, 1350)}
MIN_SIDE_PX = 64
MAX_SIDE_PX = 4096
FRAME_RATES = (24, 25, 30, 60)


@dataclass(frozen=True)
class SceneInput:
    """A scene that the caller wrote. At most one of `image` (an asset id), `background` and `video` is given."""

    text: str
    title: str | None = None
    image: str | None = None
    background: Background | None = None
    video: Footage | None = None
    effect: Effect | None = None

    def to_json(self) -> dict[str, Any]:
        return without_unset(asdict(self))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        background, video = Background.from_json(value.get("background")), Footage.from_json(value.get("video"))
        effect = Effect.from_json(value.get("effect"))
        return cls(**{**value, "background": background, "video": video, "effect": effect})


@dataclass(frozen=True)
class VideoInput:
    """Exactly one of `text`, `scenes` and `prompt` is given; in a revision it is `script`, taken word for word.

    `images` are asset ids, of videos too, used scene by scene; what then still has no picture shows `background`, if
    there is one. Scenes that name no effect have `effect`. `assets` maps every asset id in use to the SHA-256 of its
    bytes, resolved at acceptance so that the input never changes, and `footage_s` the id of every video that a scene
    may show to its length in seconds. `variants` are what else is to come of it, None when there are none.

    `template` is the look, with the brand's and the caller's own in it and every colour concrete from acceptance on;
    `captions` and `caption_style` are its captions'. `brand` is the organisation's kit as it was then.
    """

    text: str | None = None
    scenes: tuple[SceneInput, ...] | None = None
    prompt: str | None = None
    script: Script | None = None
    title: str | None = None
    width_px: int = 1080
    height_px: int = 1920
    fps: int = 30
    language: str = "en"
    voice: str | None = None
    captions: CaptionMode = CaptionMode.WORD
    caption_style: CaptionStyle = CaptionStyle()
    images: tuple[str, ...] = ()
    music: str | None = None
    seed: int | None = None
    assets: Mapping[str, str] | None = None
    background: Background | None = None
    footage_s: Mapping[str, float] | None = None
    effect: Effect | None = None
    variants: Variants | None = None
    template: Template | None = None
    brand: Brand | None = None

    @property
    def frame(self) -> Frame:
        return Frame(self.width_px, self.height_px)

    @property
    def look_seed(self) -> int:
        """The caller's seed, or one that follows from the words: the same text looks the same again."""
        if self.seed is not None:
            return self.seed
        words = [self.text, self.prompt, [scene.text for scene in self.scenes or ()]]
        return int(canonical_hash(words)[:8], 16)

    def shown(self, text: str) -> str:
        """`text`, which is spoken, as the captions in the picture write it."""
        return in_capitals(text, self.language) if self.caption_style.uppercase else text

    def to_json(self) -> dict[str, Any]:
        scenes = None if self.scenes is None else [scene.to_json() for scene in self.scenes]
        script = None if self.script is None else self.script.to_json()
        template = None if self.template is None else self.template.to_json()
        return without_unset({**asdict(self), "scenes": scenes, "script": script, "template": template})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        # Inputs of earlier versions know no script, no style, no background, no effect, no variants and no template.
        scenes, script, template = value["scenes"], value.get("script"), value.get("template")
        return cls(
            **{
                **value,
                "scenes": None if scenes is None else tuple(SceneInput.from_json(scene) for scene in scenes),
                "script": None if script is None else Script.from_json(script),
                "captions": CaptionMode(value["captions"]),
                "caption_style": CaptionStyle.from_json(value.get("caption_style") or {}),
                "images": tuple(value["images"]),
                "background": Background.from_json(value.get("background")),
                "effect": Effect.from_json(value.get("effect")),
                "variants": Variants.from_json(value.get("variants")),
                "template": None if template is None else Template.from_json(template),
                "brand": Brand.from_json(value.get("brand")),
            }
        )


def parse_size(size: str) -> tuple[int, int]:
    """`1080x1920` or a named ratio to (width, height) in pixels: even, 64 to 4096; else InvalidInput on `size`."""
    if size in NAMED_SIZES:
        return NAMED_SIZES[size]
    width, cross, height = size.lower().partition("x")
    if not (cross and width.isascii() and width.isdecimal() and height.isascii() and height.isdecimal()):
        raise InvalidInput("size", f"Must be WIDTHxHEIGHT in pixels or one of {', '.join(NAMED_SIZES)}.")
    # A number of five digits is out of range already; a longer one is not worth converting.
    width_px, height_px = int(width[:5]), int(height[:5])
    if any(not MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width_px, height_px)):
        raise InvalidInput("size", f"Both sides of size must be between {MIN_SIDE_PX} and {MAX_SIDE_PX} pixels.")
    if width_px % 2 or height_px % 2:
        raise InvalidInput("size", "Both sides of size must be even: H.264 stores colour at half the resolution.")
    return width_px, height_px
