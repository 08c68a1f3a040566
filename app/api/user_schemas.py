"""What is asked of an organisation's users and their sessions, and what is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, field_validator

from app.api.key_schemas import line
from app.api.schemas import Envelope, Time
from app.api.strict import NO_NUL, Strict
from app.domain.access import Role, Scope
from app.domain.people import (
    EMAIL_PATTERN,
    MAX_EMAIL_LENGTH,
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    read_email,
    read_password,
)

# JSON knows no enums, so that a strict field would take none of its strings.
RoleName = Annotated[Role, Field(strict=False)]
Email = Annotated[
    str,
    Field(max_length=MAX_EMAIL_LENGTH, json_schema_extra={"pattern": EMAIL_PATTERN}),
    AfterValidator(read_email),
]
Password = Annotated[
    str, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH), AfterValidator(read_password)
]


class UserRequest(Strict):
    email: Email = Field(description="What they sign in with; nobody else on the farm may have it.")
    name: str = Field(min_length=1, max_length=100, description="How they are called.")
    role: RoleName = Field(Role.MEMBER, description="No more than you may do yourself.")
    password: Password | None = Field(None, description="Without one they cannot sign in.")

    _line = field_validator("name")(line)


USER_EXAMPLES = {
    "member": {
        "summary": "Somebody who makes videos",
        "value": {"email": "noor@example.com", "name": "Noor", "role": "member", "password": "correct horse battery"},
    }
}


class UserChangeRequest(Strict):
    """A field that is left out, or null, stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=100, description="How they are called.")
    role: RoleName | None = Field(None, description="No more than you may do yourself.")
    disabled: bool | None = Field(None, description="true signs them out everywhere and lets them in no more.")
    password: Password | None = Field(None, description="Signs them out everywhere; the new one lets them in again.")

    _line = field_validator("name")(lambda name: None if name is None else line(name))


USER_CHANGE_EXAMPLES = {
    "role": {"summary": "Another role", "value": {"role": "reviewer"}},
    "disabled": {"summary": "Let them in no more", "value": {"disabled": True}},
}


class User(BaseModel):
    id: str = Field(examples=["usr_2p7k4m9x1c5v8z3q"])
    email: str = Field(examples=["noor@example.com"])
    name: str = Field(examples=["Noor"])
    role: Role
    has_password: bool = Field(description="Whether they can sign in.", examples=[True])
    created_at: Time
    disabled_at: Time | None = Field(description="Since when they are let in no more.")


class UserPage(BaseModel):
    items: list[User] = Field(description="Newest first, disabled ones too.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class SignInRequest(Strict):
    email: str = Field(max_length=1000, json_schema_extra=NO_NUL)
    password: str = Field(max_length=1000, json_schema_extra=NO_NUL)


SIGN_IN_EXAMPLES = {
    "password": {"summary": "By password", "value": {"email": "mara@example.com", "password": "correct horse battery"}}
}


class SignedInUser(BaseModel):
    id: str = Field(examples=["usr_2p7k4m9x1c5v8z3q"])
    email: str = Field(examples=["mara@example.com"])
    name: str = Field(examples=["Mara"])
    role: Role = Field(examples=["admin"])


class Session(BaseModel):
    """Who asks, and what they may do."""

    org: str = Field(description="The organisation.", examples=["Atlas Films"])
    user: SignedInUser | None = Field(description="Who is signed in, or whose key it is; null for a program's key.")
    key_id: str | None = Field(description="The key that was sent; null in a session.")
    scopes: list[Scope] = Field(examples=[["jobs:read", "jobs:write", "assets:write"]])
    is_operator: bool = Field(description="Whether you run the farm.")
    csrf_token: str | None = Field(
        description="For the header `X-CSRF-Token` of requests that change something; null with a key, that needs none."
    )
    ends_at: Time | None = Field(description="The session's end, or 12 hours after its last request if that is sooner.")


class SignedOut(BaseModel):
    ended: bool = Field(description="Whether a session was ended; with a key there is none.")


class PasswordRequest(Strict):
    current: str = Field(max_length=1000, description="The password that you have.")
    password: Password = Field(description="The one that you want.")


PASSWORD_EXAMPLES = {
    "password": {
        "summary": "Another password",
        "value": {"current": "correct horse battery", "password": "quiet river, early train"},
    }
}


class UserAnswer(Envelope):
    data: User


class UserPageAnswer(Envelope):
    data: UserPage


class SessionAnswer(Envelope):
    data: Session


class SignedOutAnswer(Envelope):
    data: SignedOut
