"""What JSON Schema says of several fields at once, for models whose types alone cannot."""

from __future__ import annotations

from itertools import combinations
from typing import Any

Json = dict[str, Any]


def exactly_one_of(*names: str) -> Json:
    """One of these fields is given and not null, and no other."""
    return {"oneOf": [_given(name) for name in names]}


def at_most_one_of(*names: str) -> Json:
    """Of these fields no two are given and not null."""
    return {"not": {"anyOf": [{"allOf": [_given(one), _given(other)]} for one, other in combinations(names, 2)]}}


def _given(name: str) -> Json:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
