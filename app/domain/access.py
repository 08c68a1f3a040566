"""What a caller may do: the scopes of a key, the roles of a person, and what each kind of request asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for, within its own organisation. `admin` is its keys, people, limits and audit log."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    ASSETS_WRITE = "assets:write"
    WEBHOOKS_MANAGE = "webhooks:manage"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


class Role(StrEnum):
    """What a person is in an organisation, from the least to the most."""

    REVIEWER = "reviewer"
    MEMBER = "member"
    ADMIN = "admin"
    OPERATOR = "operator"


SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.REVIEWER: frozenset({Scope.JOBS_READ}),
    Role.MEMBER: frozenset({Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.ASSETS_WRITE}),
    Role.ADMIN: ALL_SCOPES,
    Role.OPERATOR: ALL_SCOPES,
}


@dataclass(frozen=True)
class Access:
    """What a route asks of its caller: a scope, or with None only a good key or session.

    `is_public`: nothing at all. `is_for_operators`: in addition to the scope, to be of those who run the farm, for it
    serves every organisation. `generates`: it makes jobs, and counts towards the caller's rate. `is_signable`: a signed
    address of it takes no key (`app.domain.signatures`).
    """

    scope: Scope | None = None
    is_public: bool = False
    is_for_operators: bool = False
    generates: bool = False
    is_signable: bool = False


def written_scopes(scopes: Iterable[Scope]) -> str:
    """As they are stored: in one order, parted by spaces (RFC 6749, section 3.3)."""
    wanted = set(scopes)
    return " ".join(scope for scope in Scope if scope in wanted)


def read_scopes(written: str) -> frozenset[Scope]:
    """What was stored; a name that is no scope any more grants nothing."""
    return frozenset(scope for scope in Scope if scope in written.split())
