"""A Python effect that a scene names: which one, and what it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# A name never holds what a path or a module's name needs to lead elsewhere.
NAME_PATTERN = "^[a-z][a-z0-9_-]{0,63}$"
SETTING_PATTERN = "^[a-z][a-z0-9_]{0,63}$"


@dataclass(frozen=True)
class Effect:
    """`settings` are the effect's keyword arguments: strings, numbers, booleans, and lists of them."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        return None if value is None else cls(**value)


def is_effect_name(text: str) -> bool:
    return re.fullmatch(NAME_PATTERN, text) is not None


def unknown_effect(known: tuple[str, ...]) -> str:
    """What to tell whoever names one that is not there; the name itself is not repeated."""
    if not known:
        return "There is no such effect: none is installed on this farm."
    return f"There is no such effect. There are: {', '.join(known)}."
