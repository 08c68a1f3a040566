"""The audit log as an organisation's admins read it: newest first, a page at a time, and who it was by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from app.domain.audit_actions import AuditAction
from app.models import ApiKey, AuditEntry, User
from app.models.database import Database
from app.services.job_lists import SHOWN_WITHIN_S
from app.services.keyset import Cut, Page, cut_out, page_of, place_of

IS_ENTRY = re.compile(r"aud_(\d{1,18})")
NEWEST_FIRST = (AuditEntry.id,)


@dataclass(frozen=True)
class AuditFilter:
    """All that is given must hold. `actor` is a key's id or a user's; times in epoch seconds, `since` included."""

    action: AuditAction | None = None
    actor: str | None = None
    target: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class KeyName:
    id: str
    name: str


@dataclass(frozen=True)
class UserName:
    id: str
    email: str


@dataclass(frozen=True)
class EntryView:
    """Who did what to what. Without a key and a user it was the operator's own scripts on the farm's host."""

    id: str
    at: float
    action: str
    target: str
    key: KeyName | None
    user: UserName | None
    ip: str | None
    correlation_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def list_audit_log(database: Database, org_id: int, cut: Cut, wanted: AuditFilter) -> Page[EntryView]:
    """A page of what is wanted. A cursor that is not one of the org's entries is a RequestError."""
    found = (
        select(AuditEntry, ApiKey.name, User.public_id, User.email)
        .outerjoin(ApiKey, ApiKey.id == AuditEntry.key_id)
        .outerjoin(User, User.id == AuditEntry.user_id)
        .where(AuditEntry.org_id == org_id, *_conditions(wanted))
    )

    def is_row(cursor: str) -> ColumnElement[bool]:
        named = IS_ENTRY.fullmatch(cursor)
        return and_(AuditEntry.id == (None if named is None else int(named[1])), AuditEntry.org_id == org_id)

    with database.read() as session:
        place = place_of(session, NEWEST_FIRST, cut, is_row, "audit log's entries")
        page = page_of(session.execute(cut_out(found, NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(_view(*row) for row in page.items), page.has_more)


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.action is not None:
        conditions.append(AuditEntry.action == wanted.action)
    if wanted.actor is not None:
        conditions.append(or_(AuditEntry.key_id == wanted.actor, User.public_id == wanted.actor))
    if wanted.target is not None:
        conditions.append(AuditEntry.target == wanted.target)
    if wanted.since is not None:
        conditions.append(AuditEntry.created_at >= wanted.since - SHOWN_WITHIN_S)
    if wanted.until is not None:
        conditions.append(AuditEntry.created_at < wanted.until - SHOWN_WITHIN_S)
    return conditions


def _view(entry: AuditEntry, key_name: str | None, user_id: str | None, email: str | None) -> EntryView:
    key = None if entry.key_id is None else KeyName(entry.key_id, key_name or entry.key_id)
    return EntryView(
        id=f"aud_{entry.id}",
        at=entry.created_at,
        action=entry.action,
        target=entry.target,
        key=key,
        user=None if user_id is None or email is None else UserName(user_id, email),
        ip=entry.ip,
        correlation_id=entry.correlation_id,
        before=entry.before,
        after=entry.after,
    )
