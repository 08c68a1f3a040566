"""What every request's model is made from."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

# For texts that anything may stand in but what no body may hold (`app.api.bodies`), as the document says it.
NO_NUL: dict[str, Any] = {"pattern": "^[^\\x00]*$"}


class Strict(BaseModel):
    """Takes a value as what it is: `"30"` is no number, `false` is no seed, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
