"""A template: the look of a video as data. Its defaults, taken together, are the look of a video without one.

Colours are `#RRGGBB`, or name one of the template's own (`ground`, `text`, `accent`), so that a brand's colours reach
every part. `resolved` in `app.domain.look` puts the colours in the place of their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from app.domain.caption_style import CaptionMode, CaptionStyle
from app.domain.typeface import Typeface

SCHEMA_VERSION = 1
# Below the least a scene looks frozen; beyond the most a picture that sits on its own blur would be cut.
LEAST_ZOOM, MOST_ZOOM = 0.08, 0.17
# How far from the picture's middle the camera may look, of the room that its zoom leaves: in a move in or out, and in
# one across. Neither goes to the end: a title that the painter keeps 13 % off the edge stays well inside.
DRIFT, ACROSS = 0.4, 0.7
# A fade through a dark colour is no black stretch as long as it is shorter than the gate's limit twice over.
LEAST_TRANSITION_S, MOST_TRANSITION_S = 0.1, 0.9
# What is at rest for longer than this reads as a fault.
LEAST_CARD_S, MOST_CARD_S = 1.5, 3.5
LEAST_LOGO, MOST_LOGO = 0.05, 0.3
LEAST_LOWER_THIRD_S, MOST_LOWER_THIRD_S = 1.0, 10.0


class TransitionKind(StrEnum):
    CUT = "cut"  # none: the next picture is there at once
    CROSSFADE = "crossfade"  # one picture melts into the next
    DIP = "dip"  # through a plain colour
    WIPE = "wipe"  # an edge runs over the frame and uncovers the next picture
    SLIDE = "slide"  # the next picture pushes this one out


class Direction(StrEnum):
    """Where something moves to."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Move(StrEnum):
    IN = "in"  # towards the picture, drifting a little
    OUT = "out"  # away from it, drifting a little
    LEFT = "left"  # the camera goes across it; so do the others
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Corner(StrEnum):
    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"

    @property
    def is_top(self) -> bool:
        return self.value.startswith("top")

    @property
    def is_left(self) -> bool:
        return self.value.endswith("left")


@dataclass(frozen=True)
class Palette:
    """`text` stands on `ground` and is legible there; `accent` marks."""

    ground: str = "#101418"
    text: str = "#FFFFFF"
    accent: str = "#FFC828"


@dataclass(frozen=True)
class Fonts:
    """`titles` None: each painted picture has the heading's font of its own style, and what has no style has Inter."""

    captions: Typeface = Typeface.INTER
    titles: Typeface | None = None

    @property
    def written_titles(self) -> Typeface:
        """Of cards and lower thirds."""
        return self.titles or Typeface.INTER

    @classmethod
    def from_json(cls, value: Mapping[str, str | None]) -> Self:
        return cls(**{name: Typeface(font) for name, font in value.items() if font is not None})


@dataclass(frozen=True)
class Motion:
    """The camera over still pictures: each scene has the next of `moves`, and comes closer by the share `zoom`."""

    zoom: float = 0.13
    moves: tuple[Move, ...] = (Move.IN, Move.OUT)

    @property
    def lowest_look(self) -> tuple[float, float]:
        """Top and height, as shares of the picture's, of what fills the frame when the camera looks furthest down."""
        size = 1 / (1 + self.zoom)
        reach = ACROSS if {Move.UP, Move.DOWN} & set(self.moves) else DRIFT
        return (1 - size) / 2 * (1 + reach), size

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        given = dict(value)
        if "moves" in given:
            given["moves"] = tuple(Move(move) for move in given["moves"])
        return cls(**given)


@dataclass(frozen=True)
class Transition:
    """From one scene to the next, within `length_s`. `colour` is what a dip goes through, or the edge of a wipe.

    `direction` is where the edge, or the picture, moves to; a wipe with no colour has no edge.
    """

    kind: TransitionKind = TransitionKind.CROSSFADE
    length_s: float = 0.5
    direction: Direction = Direction.LEFT
    colour: str | None = None

    @property
    def tail_s(self) -> float:
        """How long it lies over the end of a scene."""
        return 0.0 if self.kind == TransitionKind.CUT else self.length_s

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        given = dict(value)
        for name, kind in (("kind", TransitionKind), ("direction", Direction)):
            if name in given:
                given[name] = kind(given[name])
        return cls(**given)


@dataclass(frozen=True)
class Card:
    """A title card. In its `lines`, the first the largest, `{title}` and `{brand}` stand for the video's and the kit's.

    A line that names what there is not is left out, and a card without a line or a logo is not shown. The ground is
    one colour, or two that run into each other from top to bottom.
    """

    lines: tuple[str, ...] = ("{title}",)
    length_s: float = 2.5
    ground: str = "ground"
    to: str | None = None
    text: str = "text"
    accent: str = "accent"

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        if value is None:
            return None
        return cls(**{**value, "lines": tuple(value.get("lines", cls.lines))})


@dataclass(frozen=True)
class Logo:
    """A watermark; `asset` is an upload's id, None where a brand's logo goes. `size` is a share of the shorter side."""

    asset: str | None = None
    corner: Corner = Corner.TOP_RIGHT
    size: float = 0.12
    opacity: float = 0.9

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        return None if value is None else cls(**{**value, "corner": Corner(value.get("corner", cls.corner))})


@dataclass(frozen=True)
class LowerThird:
    """A scene's title on a panel, for its first `length_s` seconds."""

    length_s: float = 4.0
    ground: str = "ground"
    opacity: float = 0.9
    text: str = "text"
    accent: str = "accent"

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        return None if value is None else cls(**value)


@dataclass(frozen=True)
class Template:
    """`version` counts the template's own revisions; `schema_version` says which fields its data may have."""

    name: str
    version: int = 1
    description: str = ""
    schema_version: int = SCHEMA_VERSION
    colours: Palette = Palette()
    fonts: Fonts = Fonts()
    caption_mode: CaptionMode = CaptionMode.WORD
    caption_style: CaptionStyle = CaptionStyle()
    motion: Motion = Motion()
    transition: Transition = Transition()
    intro: Card | None = None
    outro: Card | None = None
    logo: Logo | None = None
    lower_third: LowerThird | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is written in a file: the captions' mode and look in one object, the fonts together."""
        data = asdict(self)
        mode, style = data.pop("caption_mode"), data.pop("caption_style")
        fonts = {**data["fonts"], "captions": style.pop("font")}
        return {**data, "fonts": fonts, "captions": {"mode": mode, **style}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The template that this well-formed JSON says; fields that are left out have their default."""
        fonts = Fonts.from_json(value.get("fonts", {}))
        captions = dict(value.get("captions", {}))
        mode = CaptionMode(captions.pop("mode", CaptionMode.WORD))
        plain = ("name", "version", "description", "schema_version")
        return cls(
            **{name: value[name] for name in plain if name in value},
            colours=Palette(**value.get("colours", {})),
            fonts=fonts,
            caption_mode=mode,
            caption_style=CaptionStyle.from_json({**captions, "font": fonts.captions}),
            motion=Motion.from_json(value.get("motion", {})),
            transition=Transition.from_json(value.get("transition", {})),
            intro=Card.from_json(value.get("intro")),
            outro=Card.from_json(value.get("outro")),
            logo=Logo.from_json(value.get("logo")),
            lower_third=LowerThird.from_json(value.get("lower_third")),
        )


def changes(value: Any, default: Any) -> dict[str, Any]:
    """The fields in which one value differs from another of its class, as JSON: nothing for equal ones.

    What was made with the default before there were templates is adopted still.
    """
    data = asdict(value)
    names = (it.name for it in fields(value))
    return {name: data[name] for name in names if getattr(value, name) != getattr(default, name)}
