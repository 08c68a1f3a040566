"""The body of `POST /api/videos`, and what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.api.caption_request import Captions, default_captions
from app.api.effect_request import EffectRequest
from app.api.lines import one_line
from app.api.schema_rules import at_most_one_of, exactly_one_of
from app.api.strict import Strict
from app.api.template_schema import TemplateChoice
from app.api.variants_request import VariantsRequest
from app.domain.caption_style import CaptionStyle
from app.domain.errors import InvalidInput
from app.domain.fair_share import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.domain.look import PLAIN
from app.domain.sources import COLOUR_PATTERN, ONE_SOURCE, Background, Footage, FootageSound, is_colour
from app.domain.variants import Frame
from app.domain.video import NAMED_SIZES, CaptionMode, SceneInput, VideoInput, parse_size
from app.services.submit_video import Submission
from app.webhooks.target import LONGEST_URL

MAX_SCENES = 1000
MAX_SEED = 2**32 - 1
# Of the schema alone: even numbers from 64 to 4096, or a shape that has a name.
_SIDE = "(?:6[468]|[789][02468]|[1-9][0-9][02468]|[1-3][0-9]{2}[02468]|40[0-8][02468]|409[0246])"
SIZE_PATTERN = f"^(?:{_SIDE}x{_SIDE}|{'|'.join(NAMED_SIZES)})$"


def _refuse_fraction(value: object) -> object:
    """`30.0 == 30` in Python, and pydantic's Literal goes by that."""
    if not isinstance(value, int):
        raise PydanticCustomError("int_type", "Must be a whole number.")
    return value


FrameRate = Annotated[Literal[24, 25, 30, 60], BeforeValidator(_refuse_fraction)]
AssetId = Annotated[str, Field(max_length=64, examples=["ast_0m3v9k2q8x7y1z4w"])]
MetadataKey = Annotated[str, Field(min_length=1, max_length=64)]
MetadataValue = Annotated[str, Field(max_length=500)]


def _read_colour(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Must be a string.")
    if not is_colour(value):
        raise PydanticCustomError("colour", "Must be a colour written as #rrggbb, such as #112233.")
    # One colour has one spelling, so that the same card is adopted.
    return value.lower()


Colour = Annotated[
    str, BeforeValidator(_read_colour), Field(json_schema_extra={"pattern": COLOUR_PATTERN}, examples=["#112233"])
]

# "post-42 " would fly beside "post-42", and nobody could see why.
SUBJECT_PATTERN = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"


class BackgroundRequest(Strict):
    """A plain card in the place of a picture."""

    colour: Colour = Field(description="Of the whole card, or of its upper edge.")
    to: Colour | None = Field(None, description="Of its lower edge, for a gradient.")

    def to_background(self) -> Background:
        return Background(self.colour, self.to)


class FootageRequest(Strict):
    """A piece of an uploaded video. Shorter than its scene it begins again, longer it is cut off."""

    asset: AssetId = Field(description="The video, an asset's id.")
    start_s: float = Field(0.0, ge=0, description="Where the piece begins, in seconds of the video.")
    end_s: float | None = Field(None, gt=0, description="Where it ends; at the video's end by default.")
    sound: Literal["mute", "mix"] = Field(
        "mute", description="Whether it is heard: beneath the narration, and softer while that speaks, with `mix`."
    )

    def to_footage(self) -> Footage:
        return Footage(self.asset, self.start_s, self.end_s, FootageSound(self.sound))


class SceneRequest(Strict):
    """Give at most one of `image`, `video` and `background`; with none the scene's picture is painted."""

    model_config = ConfigDict(json_schema_extra=at_most_one_of("image", "video", "background"))

    text: str = Field(description="What is spoken and shown over this scene's picture. Markdown is read well.")
    title: str | None = Field(None, max_length=200, description="The heading shown with the scene.")
    image: AssetId | None = Field(None, description="The picture, an asset's id; without one it is painted.")
    video: FootageRequest | None = Field(None, description="A piece of a video instead of a picture.")
    background: BackgroundRequest | None = Field(None, description="A plain card instead of a picture.")
    effect: EffectRequest | None = Field(None, description="A Python effect on what is shown, beneath the captions.")

    def to_input(self, field: str) -> SceneInput:
        """`field` is where it stands in the request (`scenes.2`)."""
        shown = [name for name in ("image", "video", "background") if getattr(self, name) is not None]
        if len(shown) > 1:
            raise InvalidInput(f"{field}.{shown[1]}", ONE_SOURCE)
        background = None if self.background is None else self.background.to_background()
        video = None if self.video is None else self.video.to_footage()
        effect = None if self.effect is None else self.effect.to_effect()
        return SceneInput(self.text, self.title, self.image, background, video, effect)


class VideoRequest(Strict):
    """Give exactly one of `text`, `scenes` and `prompt`."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("text", "scenes", "prompt"))

    text: str | None = Field(
        None,
        description="What the video says, 1 word to 20,000; plain text or Markdown. It is cut into scenes, and no word "
        "of it is changed. Headings become scene titles; code and tables are left out, with a note in the manifest.",
    )
    scenes: list[SceneRequest] | None = Field(
        None, min_length=1, max_length=MAX_SCENES, description="The scenes, if you have cut the text yourself."
    )
    prompt: str | None = Field(
        None,
        max_length=20_000,
        description="What the video is about, for a language model to write the script. Needs one to be configured.",
    )
    title: str | None = Field(
        None, max_length=200, description="The video's title, and its file name; taken from the text by default."
    )
    size: str = Field(
        "1080x1920",
        description="`WIDTHxHEIGHT` in pixels, both even and from 64 to 4096; or `9:16`, `16:9`, `1:1`, `4:5`.",
        examples=["1080x1920", "16:9"],
        json_schema_extra={"pattern": SIZE_PATTERN},
    )
    fps: FrameRate = Field(30, description="Frames a second.")
    language: str = Field(
        "en", max_length=35, description="The language spoken, a tag of `GET /api/voices`.", examples=["en", "pt-br"]
    )
    voice: str | None = Field(None, max_length=100, description="A voice of `GET /api/voices`.")
    template: TemplateChoice | None = Field(
        None,
        description="How it looks: the name of one of `GET /api/templates`, or a whole one of your own. What "
        "`captions` says takes the place of the template's. Without one the look is plain.",
        examples=["bulletin", {"name": "our-news", "colours": {"accent": "#00A3A3"}, "transition": {"kind": "slide"}}],
    )
    brand: bool | None = Field(
        None,
        description="Whether the organisation's brand kit takes the place of the template's colours, font and logo. By "
        "default it does if there is one and a `template` is named; `true` asks for it in any case.",
    )
    captions: Captions = Field(
        default_factory=default_captions,
        description="What is burned into the picture: the word being spoken highlighted, plain lines, or nothing; "
        "an object says the mode and how it looks. SRT and VTT files come with every video.",
        examples=["line", {"mode": "word", "size": "large", "position": "middle", "uppercase": True}],
        json_schema_extra={"default": "word"},
    )
    images: list[AssetId] = Field(
        default_factory=list,
        max_length=MAX_SCENES,
        description="Pictures, or videos, for the scenes in order: ids of assets.",
    )
    background: BackgroundRequest | None = Field(
        None,
        description="A plain card for every scene that has no picture or video of yours, instead of a painted one.",
    )
    effect: EffectRequest | None = Field(None, description="A Python effect for every scene that names none.")
    music: AssetId | None = Field(
        None, description="Music to lay under the speech: the id of a sound, or of a video that has one."
    )
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="The look of the painted pictures; follows from the words by default."
    )
    variants: VariantsRequest | None = Field(
        None, description="What else is to come of the same job.", examples=[{"sizes": ["16:9"]}]
    )
    subject_id: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        pattern=SUBJECT_PATTERN,
        description="What the video is of: a product, a post; no control characters, no white space before or "
        "after. While a job of this subject is live, another is a 409 `GENERATION_IN_PROGRESS` with its id in "
        "`details.job_id`.",
        examples=["post-42"],
    )
    webhook_url: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_URL,
        description="Where what becomes of this job is told, beside your endpoints: `video.…` and `step.stuck`, signed "
        "with your organisation's own secret (`POST /api/webhooks/secret/rotate`). An http or https address on the "
        "internet. Jobs that are made from this one tell it too.",
        examples=["https://hooks.example.com/sceneworks"],
    )
    priority: int = Field(
        DEFAULT_PRIORITY,
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        description="How urgent it is, 5 the most: its steps start before those of a lower priority.",
    )
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default_factory=dict,
        max_length=50,
        description="Your own names and values; they come back with the job and are not used otherwise.",
        examples=[{"customer": "42"}],
    )

    def to_submission(self) -> Submission:
        return Submission(
            video=self.to_input(),
            labels=self.metadata,
            priority=self.priority,
            brand=self.brand,
            subject_id=self.subject_id,
            webhook_url=self.webhook_url,
        )

    def to_input(self) -> VideoInput:
        """The request in the product's terms; InvalidInput for what the types alone cannot say."""
        width_px, height_px = parse_size(self.size)
        template = None if self.template is None else self.template.to_template()
        if self.brand and template is None:
            template = PLAIN
        scenes = None
        if self.scenes is not None:
            scenes = tuple(scene.to_input(f"scenes.{index}") for index, scene in enumerate(self.scenes))
        return VideoInput(
            text=self.text,
            scenes=scenes,
            prompt=self.prompt,
            title=one_line("title", self.title),
            width_px=width_px,
            height_px=height_px,
            fps=self.fps,
            language=self.language,
            voice=self.voice,
            captions=CaptionMode(self.captions.mode),
            caption_style=self.captions.to_style() if template is None else CaptionStyle(),
            images=tuple(self.images),
            music=self.music,
            seed=self.seed,
            background=None if self.background is None else self.background.to_background(),
            effect=None if self.effect is None else self.effect.to_effect(),
            variants=None if self.variants is None else self.variants.to_variants(Frame(width_px, height_px)),
            template=None if template is None else self.captions.over(template),
        )


EXAMPLES = {
    "text": {
        "summary": "Text, with everything else by default",
        "value": {"text": "A volcano is a door into the Earth. Most of the time it is closed.", "size": "9:16"},
    },
    "scenes": {
        "summary": "Your own scenes and pictures",
        "value": {
            "title": "Two seas",
            "size": "1920x1080",
            "scenes": [
                {"text": "The North Sea is young.", "title": "The North Sea", "image": "ast_0m3v9k2q8x7y1z4w"},
                {"text": "The Black Sea is two seas, one above the other."},
                {"text": "Neither is a lake.", "background": {"colour": "#0b2545", "to": "#13315c"}},
            ],
        },
    },
    "template": {
        "summary": "In the look of a template",
        "value": {"title": "Two seas", "text": "The North Sea is young.", "template": "storybook", "size": "1:1"},
    },
    "prompt": {
        "summary": "A script written by a language model",
        "value": {"prompt": "Why the sky is blue, for children", "language": "en", "metadata": {"campaign": "spring"}},
    },
}
