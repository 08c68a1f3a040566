"""Who may do what in an organisation, from outside: its keys, its users, and who one is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

from app.client.transport import Transport
from app.client.values import time_of, understand
from app.domain.access import Role, Scope

T = TypeVar("T", bound="Key | User")

PAGE = 100


@dataclass(frozen=True)
class Key:
    """Without its secret part. `user_id` is whose it is, None for a program's; `expires_at` is when another has taken
    its place; of a scope that a newer farm knows nothing is said.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    user_id: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(**_key_fields(value))


@dataclass(frozen=True)
class NewKey(Key):
    """`key` is the key itself; no other answer ever has it."""

    key: str = field(repr=False, default="")

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(**_key_fields(value), key=value["key"])


def _key_fields(value: Any) -> dict[str, Any]:
    return {
        "id": value["id"],
        "name": value["name"],
        "scopes": _scopes(value),
        "user_id": value["user_id"],
        "created_at": datetime.fromisoformat(value["created_at"]),
        "last_used_at": time_of(value["last_used_at"]),
        "expires_at": time_of(value["expires_at"]),
        "revoked_at": time_of(value["revoked_at"]),
    }


@dataclass(frozen=True)
class User:
    """Somebody who can sign in, unless they have no password or are disabled."""

    id: str
    email: str
    name: str
    role: Role
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            email=value["email"],
            name=value["name"],
            role=Role(value["role"]),
            has_password=value["has_password"],
            created_at=datetime.fromisoformat(value["created_at"]),
            disabled_at=time_of(value["disabled_at"]),
        )


@dataclass(frozen=True)
class Whoami:
    """Whose key this is. `user_id` and `email` are None for a program's."""

    org: str
    key_id: str | None
    user_id: str | None
    email: str | None
    scopes: frozenset[Scope]
    is_operator: bool

    @classmethod
    def from_json(cls, value: Any) -> Self:
        user = value["user"] or {"id": None, "email": None}
        return cls(value["org"], value["key_id"], user["id"], user["email"], _scopes(value), value["is_operator"])


class AccessMethods:
    """Methods for keys and users. All but `whoami` are NotAllowed with a key that lacks the scope `admin`."""

    _transport: Transport

    def whoami(self) -> Whoami:
        """What the client's own key is and may do."""
        return understand(Whoami.from_json, self._transport.get("/api/session"))

    def keys(self) -> Iterator[Key]:
        """The organisation's, newest first, those that have ended too."""
        return self._pages(Key.from_json, "/api/keys")

    def make_key(self, name: str, scopes: Collection[Scope], *, user_id: str | None = None) -> NewKey:
        """Conflict when a live key has the name: also when an answer was lost on the way. Then rotate that key."""
        body = {"name": name, "scopes": [scope for scope in Scope if scope in scopes], "user_id": user_id}
        return understand(NewKey.from_json, self._transport.send_json("POST", "/api/keys", body))

    def rotate_key(self, key_id: str, *, old_ends_at: datetime | None = None) -> NewKey:
        """A key in the place of this one, which ends in 24 hours or at a time (with its zone) of yours.

        Conflict when it has ended, or another takes its place already.
        """
        body = {} if old_ends_at is None else {"old_ends_at": old_ends_at.isoformat()}
        answer = self._transport.send_json("POST", f"/api/keys/{quote(key_id, safe='')}/rotate", body)
        return understand(NewKey.from_json, answer)

    def revoke_key(self, key_id: str) -> Key:
        """From now on nobody gets in with it, and its open streams close."""
        return understand(Key.from_json, self._transport.call("DELETE", f"/api/keys/{quote(key_id, safe='')}"))

    def users(self) -> Iterator[User]:
        """The organisation's, newest first, disabled ones too."""
        return self._pages(User.from_json, "/api/users")

    def add_user(self, email: str, name: str, *, role: Role = Role.MEMBER, password: str | None = None) -> User:
        """Conflict when somebody has the address. Without a password they cannot sign in."""
        body = {"email": email, "name": name, "role": role, "password": password}
        return understand(User.from_json, self._transport.send_json("POST", "/api/users", body))

    def change_user(
        self,
        user_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """What is None stays as it is. Who is disabled, or given another password, is signed out everywhere."""
        given = {"name": name, "role": role, "disabled": disabled, "password": password}
        body = {field: value for field, value in given.items() if value is not None}
        answer = self._transport.send_json("PATCH", f"/api/users/{quote(user_id, safe='')}", body)
        return understand(User.from_json, answer)

    def _pages(self, read: Callable[[Any], T], path: str) -> Iterator[T]:
        """Every item of a list, page by page as they are asked for."""
        last = ""
        while True:
            page = self._transport.get(f"{path}?limit={PAGE}{last}")
            items, has_more = understand(lambda page: ([read(item) for item in page["items"]], page["has_more"]), page)
            yield from items
            if not has_more:
                return
            last = f"&starting_after={items[-1].id}"


def _scopes(value: Any) -> frozenset[Scope]:
    known = set(Scope)
    return frozenset(Scope(scope) for scope in value["scopes"] if scope in known)
