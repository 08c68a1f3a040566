"""Which page of a list is asked for: the query parameters that all lists have."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.domain.errors import InvalidInput
from app.services.keyset import Cut

# What else Python reads as a number (`1_0`, ` 1`, `1.0`) was meant as something else.
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)


def _read_whole(value: object) -> object:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise PydanticCustomError("whole", "Must be a whole number.")
    return value


class PageQuery(BaseModel):
    """Query parameters arrive as text, so numbers are read from it; an unknown one is an error all the same."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, BeforeValidator(_read_whole)] = Field(20, ge=1, le=100, description="How many at most.")
    starting_after: str | None = Field(None, max_length=64, description="An id: the page of older ones behind it.")
    ending_before: str | None = Field(None, max_length=64, description="An id: the page of newer ones before it.")

    def to_cut(self) -> Cut:
        """InvalidInput when two pages are asked for at once."""
        if self.starting_after is not None and self.ending_before is not None:
            raise InvalidInput("ending_before", "Give starting_after or ending_before, not both.")
        return Cut(self.limit, self.starting_after, self.ending_before)
