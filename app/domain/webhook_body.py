"""A webhook's body: serialised once, and those bytes are what is stored, signed and sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MOST_BYTES = 20_000


def time_of(epoch_s: float | None) -> str | None:
    """As the API has its times: ISO 8601 in UTC, to the millisecond."""
    if epoch_s is None:
        return None
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body_of(type_: str, data: Mapping[str, Any], now: float) -> bytes:
    """`{type, timestamp, data}` in UTF-8, below 20 kB: what is too large leaves its `metadata` out, then texts' ends.

    ValueError for what would be too large even so, which nothing is that the catalogue describes.
    """
    told = dict(data)
    for shorten in (_unchanged, _without_metadata, _with_short_texts):
        told = shorten(told)
        body = json.dumps(
            {"type": type_, "timestamp": time_of(now), "data": told}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        if len(body) < MOST_BYTES:
            return body
    raise ValueError(f"a {type_} of {len(body)} bytes")


def _unchanged(data: dict[str, Any]) -> dict[str, Any]:
    return data


def _without_metadata(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {} if name == "metadata" else _without_metadata(value) if name == "job" else value
        for name, value in data.items()
    }


def _with_short_texts(value: Any, most: int = 500) -> Any:
    if isinstance(value, dict):
        return {name: _with_short_texts(it) for name, it in value.items()}
    if isinstance(value, list):
        return [_with_short_texts(it) for it in value]
    return value[: most - 1] + "…" if isinstance(value, str) and len(value) > most else value
