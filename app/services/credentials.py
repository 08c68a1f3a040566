"""Whether callers that were let in once are still welcome: for streams that stay open after their request."""

from __future__ import annotations

from collections.abc import Collection

from app.models.database import Database
from app.services.api_keys import active_keys


def still_welcome(database: Database, credentials: Collection[str]) -> set[str]:
    """Which of these (`Caller.credential`) still count: no key revoked or out of date."""
    keys = {name.removeprefix("key:") for name in credentials if name.startswith("key:")}
    return {f"key:{key_id}" for key_id in active_keys(database, keys)}
