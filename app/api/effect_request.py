"""The `effect` of a request: the name of a Python effect that the farm has, and what it is told."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.api.strict import Strict
from app.domain.effects import NAME_PATTERN, SETTING_PATTERN, Effect

MAX_SETTINGS = 50
MAX_ENTRIES = 100
MAX_CHARACTERS = 1000
# Beyond it a whole number is not the same in every program that reads JSON.
MAX_WHOLE = 2**53

_SCALARS = [{"type": "string", "maxLength": MAX_CHARACTERS}, {"type": "number"}, {"type": "boolean"}]
_SCHEMA = {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}, "maxItems": MAX_ENTRIES}]}


def _read_setting(value: object) -> object:
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_ENTRIES or not all(map(_is_scalar, entries)):
        raise PydanticCustomError(
            "effect_setting", "Must be a string, a number, true or false, or a list of these, and not too large."
        )
    return value


def _is_scalar(value: object) -> bool:
    match value:
        case str():
            return len(value) <= MAX_CHARACTERS
        case int():
            return abs(value) <= MAX_WHOLE
        case float():
            return True
    return False


SettingName = Annotated[str, Field(pattern=SETTING_PATTERN)]
Setting = Annotated[Any, BeforeValidator(_read_setting), Field(json_schema_extra=_SCHEMA)]


class EffectRequest(Strict):
    """A Python effect that is installed on the farm; see docs/effects.md."""

    name: str = Field(pattern=NAME_PATTERN, description="The effect's name.", examples=["tint"])
    settings: dict[SettingName, Setting] = Field(
        default_factory=dict,
        max_length=MAX_SETTINGS,
        description="What the effect is told: its keyword arguments.",
        examples=[{"strength": 0.6}],
    )

    def to_effect(self) -> Effect:
        return Effect(self.name, self.settings)
