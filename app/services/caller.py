"""Who asks: whose rows it sees, what it may do, and what the audit log says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.access import Access, Scope
from app.domain.errors import Forbidden


@dataclass(frozen=True)
class Caller:
    """An organisation's program with a key, or a person in a session (`session_id`, a hash); exactly one of the two.

    With neither it is who has a signed address, and may fetch that one file.

    `user_id` is the person, for a key the one whose it is, if anyone's. `is_operator`: of those who run the farm.
    """

    org_id: int
    scopes: frozenset[Scope]
    is_operator: bool
    key_id: str | None = None
    session_id: str | None = None
    user_id: int | None = None

    @property
    def credential(self) -> str:
        """What it came with, as `app.services.credentials` knows it again."""
        return f"key:{self.key_id}" if self.session_id is None else f"session:{self.session_id}"

    @property
    def rate_name(self) -> str:
        """Whose rate its requests count towards, beside the organisation's: the person's, else the key's."""
        return f"key:{self.key_id}" if self.user_id is None else f"user:{self.user_id}"


def check_access(caller: Caller, access: Access) -> None:
    """Raise Forbidden unless the caller may do this."""
    if access.is_for_operators and not caller.is_operator:
        raise Forbidden("This serves every organisation of the farm, so only those who run the farm may do it.")
    if access.scope is not None and access.scope not in caller.scopes:
        raise Forbidden(f"This takes the scope {access.scope}, which you do not have.", scope=access.scope)


def check_grant(caller: Caller | None, scopes: Collection[Scope]) -> None:
    """Raise Forbidden unless the caller has what it would give away. Who asks on the farm's own host (None) has all."""
    for scope in Scope:
        if caller is not None and scope in scopes and scope not in caller.scopes:
            raise Forbidden(f"You cannot give the scope {scope}, which you do not have.", scope=scope)
