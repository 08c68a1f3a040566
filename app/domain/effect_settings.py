"""What a Python effect takes beside its clip, by the signature of its function, and what of a request does not fit."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter, Signature
from typing import Any, Self

_GATHERED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)  # `*rest` and `**settings`
# A default that is long to write is no help in a message.
_LONGEST_SHOWN = 80


class Kind(StrEnum):
    """What a setting may be, as a sentence calls it."""

    TEXT = "a string"
    SWITCH = "true or false"
    WHOLE = "a whole number"
    NUMBER = "a number"
    LIST = "a list"


# Annotations by the last part of their names.
_ANNOTATED = {
    "str": Kind.TEXT,
    "bool": Kind.SWITCH,
    "int": Kind.WHOLE,
    "float": Kind.NUMBER,
    **dict.fromkeys(("list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection"), Kind.LIST),
}
# Of defaults. A whole one says nothing against fractions: `factor=2` is how a number is often written.
_DEFAULTS = {str: Kind.TEXT, bool: Kind.SWITCH, int: Kind.NUMBER, float: Kind.NUMBER, list: Kind.LIST, tuple: Kind.LIST}


@dataclass(frozen=True)
class SettingFault:
    """`setting` is the name of the one that is wrong, None when one is missing."""

    setting: str | None
    message: str


@dataclass(frozen=True)
class _Taken:
    """One setting. `kinds` are empty when anything may be right; `shown` is how its function writes it."""

    kinds: frozenset[Kind]
    is_required: bool
    shown: str


@dataclass(frozen=True)
class EffectSettings:
    """`clip_name` is what the function calls its clip. It `takes_more` than it names, with `**settings`."""

    clip_name: str | None
    taken: Mapping[str, _Taken]
    takes_more: bool

    @classmethod
    def of(cls, signature: Signature) -> Self:
        """Annotations may be objects, or strings as they are written in the source."""
        parameters = list(signature.parameters.values())
        if not parameters or parameters[0].kind in _GATHERED:
            # Passed on to something else, which may name what it takes.
            return cls(None, {}, takes_more=True)
        clip, *others = parameters
        taken = {one.name: _taken(one) for one in others if one.kind not in _GATHERED}
        return cls(clip.name, taken, any(one.kind == Parameter.VAR_KEYWORD for one in others))

    def fault(self, effect: str, settings: Mapping[str, Any]) -> SettingFault | None:
        """The first thing wrong with the `settings` of the effect of this name, told with what it takes."""
        for name, value in settings.items():
            taken = self.taken.get(name)
            if taken is None and (not self.takes_more or name == self.clip_name):
                return SettingFault(name, f"The effect {effect} has no setting {name}. {self._told()}")
            if taken is not None and taken.kinds and not taken.kinds & _kinds_of(value):
                wanted = " or ".join(kind.value for kind in Kind if kind in taken.kinds)
                return SettingFault(name, f"The setting {name} of the effect {effect} must be {wanted}. {self._told()}")
        for name, taken in self.taken.items():
            if taken.is_required and name not in settings:
                return SettingFault(None, f"The effect {effect} needs the setting {name}. {self._told()}")
        return None

    def _told(self) -> str:
        shown = [*(taken.shown for taken in self.taken.values()), *(["any others"] if self.takes_more else [])]
        return f"It takes: {', '.join(shown)}." if shown else "It takes no settings."


def _taken(parameter: Parameter) -> _Taken:
    if parameter.annotation is not Parameter.empty:
        kinds = _kinds_annotated(parameter.annotation)
    else:
        kind = _DEFAULTS.get(type(parameter.default))
        kinds = frozenset() if kind is None else frozenset({kind})
    annotation = "" if parameter.annotation is Parameter.empty else f": {_text_of(parameter.annotation)}"
    shown = f"{parameter.name}{annotation}"
    if parameter.default is not Parameter.empty:
        whole = f"{shown} = {parameter.default!r}" if annotation else f"{shown}={parameter.default!r}"
        shown = whole if len(whole) <= _LONGEST_SHOWN else shown
    return _Taken(kinds, parameter.default is Parameter.empty, shown)


def _kinds_annotated(annotation: Any) -> frozenset[Kind]:
    """None of them when the annotation says something else too, which then may be anything."""
    kinds = set()
    for choice in _choices(_text_of(annotation)):
        kind = _ANNOTATED.get(choice.partition("[")[0].rpartition(".")[2])
        if kind is None and choice not in ("None", "NoneType"):
            return frozenset()
        kinds |= {kind} if kind is not None else set()
    return frozenset(kinds)


def _text_of(annotation: Any) -> str:
    return annotation.strip("\"' ") if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _choices(text: str) -> Iterable[str]:
    """`str | float`, `Union[str, float]` and `Optional[str]` as what each lets one choose from."""
    outer, _, inner = text.partition("[")
    if outer.rpartition(".")[2] in ("Union", "Optional") and text.endswith("]"):
        text = inner[:-1].replace(",", "|")
    # A bracket torn apart, as of `list[str | float]`, leaves a first part that names the list and others that name
    # nothing: then anything may be right.
    return [part.strip() for part in text.split("|")]


def _kinds_of(value: Any) -> frozenset[Kind]:
    match value:
        case bool():
            return frozenset({Kind.SWITCH})
        case int():
            return frozenset({Kind.WHOLE, Kind.NUMBER})
        case float():
            return frozenset({Kind.NUMBER})
        case str():
            return frozenset({Kind.TEXT})
    return frozenset({Kind.LIST})
