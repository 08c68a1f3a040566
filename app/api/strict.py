"""What every request's model is made from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError


def _read_flag(value: object) -> object:
    """As JSON has it; pydantic would read `yes` and `1` too."""
    if isinstance(value, str) and value not in ("true", "false"):
        raise PydanticCustomError("flag", "Must be true or false.")
    return value


# A query parameter that is true or false: it arrives as text.
Flag = Annotated[bool, BeforeValidator(_read_flag)]

# For texts that anything may stand in but what no body may hold (`app.api.bodies`), as the document says it.
NO_NUL: dict[str, Any] = {"pattern": "^[^\\x00]*$"}


class Strict(BaseModel):
    """Takes a value as what it is: `"30"` is no number, `false` is no seed, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
