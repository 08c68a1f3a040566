"""Times in requests: a moment, told with its zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _read_time(value: object) -> object:
    """ISO 8601 with its zone; a time without one would mean another moment to each reader."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise PydanticCustomError("moment", "Must be a time with its zone, such as 2026-01-31T09:30:00Z.")
    return at


Moment = Annotated[datetime, BeforeValidator(_read_time, json_schema_input_type=datetime)]
