"""The audit log: who did what to what, as its admins read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from app.client.transport import Transport
from app.client.values import understand

MOST_A_PAGE = 100


@dataclass(frozen=True)
class AuditKey:
    id: str
    name: str


@dataclass(frozen=True)
class AuditUser:
    id: str
    email: str


@dataclass(frozen=True)
class AuditEntry:
    """One act. `key` is what it came with, `user` the person, if it was one's; the farm's own host has neither.

    `before` and `after` say in few words what changed; None where there was nothing, or is nothing any more.
    """

    id: str
    at: datetime
    action: str
    target: str
    key: AuditKey | None
    user: AuditUser | None
    ip: str | None
    correlation_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        key, user = value["key"], value["user"]
        return cls(
            id=value["id"],
            at=datetime.fromisoformat(value["at"]),
            action=value["action"],
            target=value["target"],
            key=None if key is None else AuditKey(key["id"], key["name"]),
            user=None if user is None else AuditUser(user["id"], user["email"]),
            ip=value["ip"],
            correlation_id=value["correlation_id"],
            before=value["before"],
            after=value["after"],
        )


class AuditLogMethods:
    """What a client can ask of the audit log."""

    _transport: Transport

    def audit_log(
        self,
        *,
        action: str | None = None,
        actor: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """All entries of the key's organisation for which this holds, newest first, asked for page by page.

        `actor` is the id of a key or a user, `target` of a job, an asset …; times have their zone, `since` is included.
        NotAuthorized with a key that lacks the scope `admin`.
        """
        given = {
            "limit": MOST_A_PAGE,
            "action": action,
            "actor": actor,
            "target": target,
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
        }
        asked = {name: value for name, value in given.items() if value is not None}
        while True:
            page = self._transport.get(f"/api/audit?{urlencode(asked)}")
            entries = understand(lambda listed: [AuditEntry.from_json(item) for item in listed["items"]], page)
            yield from entries
            if not understand(lambda listed: bool(listed["has_more"]), page):
                return
            asked["starting_after"] = entries[-1].id
