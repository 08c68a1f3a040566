"""A request as the services know it: who asks, and how it is told apart from all others."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.caller import Caller


@dataclass(frozen=True)
class RequestKey:
    """An `Idempotency-Key` with what it came with: method and path, and a SHA-256 of the body."""

    key: str
    route: str
    fingerprint: str


@dataclass(frozen=True)
class Asking:
    """Who asks, and how the request is told apart from others: by its correlation id and, if it has one, its key.

    `caller` is None, and `ip` with it, when the farm asks by itself.
    """

    org_id: int
    correlation_id: str
    key: RequestKey | None = None
    caller: Caller | None = None
    ip: str | None = None

    @property
    def key_id(self) -> str | None:
        return None if self.caller is None else self.caller.key_id

    @property
    def user_id(self) -> int | None:
        return None if self.caller is None else self.caller.user_id
