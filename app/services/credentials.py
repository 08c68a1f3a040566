"""Whether callers that were let in once are still welcome: for streams that stay open after their request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from app.models.database import Database
from app.services.api_keys import active_keys
from app.services.sessions import active_sessions

# What a `Caller.credential` begins with, and who knows which of that kind still count.
ACTIVE: Mapping[str, Callable[[Database, Collection[str]], set[str]]] = {
    "key:": active_keys,
    "session:": active_sessions,
}


def still_welcome(database: Database, credentials: Collection[str]) -> set[str]:
    """Which of these (`Caller.credential`) still count: no key revoked or out of date, no session ended."""
    welcome = set()
    for kind, active in ACTIVE.items():
        if ids := {name.removeprefix(kind) for name in credentials if name.startswith(kind)}:
            welcome |= {kind + one for one in active(database, ids)}
    return welcome
