"""What a scene may show instead of a painted picture or an uploaded one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

# Scenes and inputs as they are stored and hashed say nothing of these where they are not given: what was made
# before there were such fields is adopted still.
LATER_FIELDS = ("background", "video", "footage_s", "effect", "variants", "template", "brand")

COLOUR_PATTERN = "^#[0-9a-fA-F]{6}$"
ONE_SOURCE = "Give one of image, video and background: a scene shows one thing."
SHORTEST_FOOTAGE_S = 0.1


@dataclass(frozen=True)
class Background:
    """A card of one colour, or of two that run into each other from top to bottom; each is `#rrggbb` in sRGB."""

    colour: str
    to: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        return None if value is None else cls(**value)


class FootageSound(StrEnum):
    MUTE = "mute"  # the scene is silent but for its narration
    MIX = "mix"  # the footage is heard beneath the narration, ducked as music is


@dataclass(frozen=True)
class Footage:
    """A piece of an uploaded video, in seconds of it; to its end when `end_s` is None. `asset` is the video's id.

    Shorter than its scene it begins again; longer it is cut off.
    """

    asset: str
    start_s: float = 0.0
    end_s: float | None = None
    sound: FootageSound = FootageSound.MUTE

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        return None if value is None else cls(**{**value, "sound": FootageSound(value["sound"])})


def is_colour(text: str) -> bool:
    return re.fullmatch(COLOUR_PATTERN, text) is not None


def without_unset(scene: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a scene or an input without the later fields that it does not have."""
    return {name: value for name, value in scene.items() if value is not None or name not in LATER_FIELDS}
