"""What is asked of an organisation's keys, and what is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from app.api.lines import one_line
from app.api.moments import Moment
from app.api.schemas import Envelope, Time
from app.api.strict import Strict
from app.domain.access import Scope
from app.domain.errors import InvalidInput

# JSON knows no enums, so that a strict field would take none of its strings.
ScopeName = Annotated[Scope, Field(strict=False)]


def line(text: str) -> str:
    """A name in one line; what is none is refused."""
    try:
        name = one_line("name", text)
    except InvalidInput:
        name = None
    if name is None:
        raise PydanticCustomError("line", "Must be a line of text.")
    return name


class KeyRequest(Strict):
    name: str = Field(min_length=1, max_length=100, description="What it is for; no other key in use may have it.")
    scopes: list[ScopeName] = Field(
        min_length=1, max_length=len(Scope), description="What it may do; no more than you may yourself."
    )
    user_id: str | None = Field(
        None,
        max_length=64,
        description="Whose key it is, one of your users: it then may do no more than that user, and ends with them.",
    )

    _line = field_validator("name")(line)


KEY_EXAMPLES = {
    "frontend": {"summary": "For a web frontend", "value": {"name": "shop", "scopes": ["jobs:read", "jobs:write"]}}
}


class RotateRequest(Strict):
    """The body may be left out."""

    old_ends_at: Moment | None = Field(
        None, description="When the old key ends, in 24 hours by default; a time that has passed ends it now."
    )


ROTATE_EXAMPLES = {
    "a day": {"summary": "A day for the change", "value": {}},
    "now": {"summary": "The old one is in wrong hands", "value": {"old_ends_at": "2026-01-31T09:30:00Z"}},
}


class Key(BaseModel):
    """A key without its secret part, which is stored nowhere."""

    id: str = Field(examples=["0m3v9k2q8x7y"])
    name: str = Field(examples=["shop"])
    scopes: list[Scope] = Field(examples=[["jobs:read", "jobs:write"]])
    user_id: str | None = Field(description="Whose it is; null for a program's.")
    created_at: Time
    last_used_at: Time | None = Field(description="To the minute; null when it never was.")
    expires_at: Time | None = Field(description="When it ends because another takes its place.")
    revoked_at: Time | None


class NewKey(Key):
    key: str | None = Field(
        description="The key itself. It is shown this once: null in an answer that is repeated for an Idempotency-Key.",
        examples=["sw_live_0m3v9k2q8x7y_4k8zq0v2m7x1c9p37w2n5r8t3y6u0q1z0m3v9k2q_9f2c1d0b"],
    )


class KeyPage(BaseModel):
    items: list[Key] = Field(description="Newest first, those that have ended too.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class KeyAnswer(Envelope):
    data: Key


class NewKeyAnswer(Envelope):
    data: NewKey


class KeyPageAnswer(Envelope):
    data: KeyPage
