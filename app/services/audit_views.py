"""The audit log as an organisation's admins read it: newest first, a page at a time, and who it was by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import InvalidInput
from app.models import ApiKey, AuditEntry, User
from app.models.database import Database
from app.services.job_lists import SHOWN_WITHIN_S

IS_ENTRY = re.compile(r"aud_(\d{1,18})")


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


@dataclass(frozen=True)
class EntryPage:
    entries: tuple[EntryView, ...]
    has_more: bool


def list_audit_log(
    database: Database,
    org_id: int,
    wanted: AuditFilter,
    *,
    limit: int,
    starting_after: str | None = None,
    ending_before: str | None = None,
) -> EntryPage:
    """A page, newest first, by keyset. A cursor that is not one of the org's entries is InvalidInput."""
    found = (
        select(AuditEntry, ApiKey.name, User.public_id, User.email)
        .outerjoin(ApiKey, ApiKey.id == AuditEntry.key_id)
        .outerjoin(User, User.id == AuditEntry.user_id)
        .where(AuditEntry.org_id == org_id, *_conditions(wanted))
        .limit(limit + 1)
    )
    with database.read() as session:
        if starting_after is not None:
            found = found.where(AuditEntry.id < _cursor(session, org_id, "starting_after", starting_after))
        if ending_before is not None:
            found = found.where(AuditEntry.id > _cursor(session, org_id, "ending_before", ending_before))
        goes_up = ending_before is not None
        rows = session.execute(found.order_by(AuditEntry.id if goes_up else AuditEntry.id.desc())).all()
        page = rows[:limit][::-1] if goes_up else rows[:limit]
        return EntryPage(tuple(_view(*row) for row in page), has_more=len(rows) > limit)


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


def _cursor(session: Session, org_id: int, field: str, public_id: str) -> int:
    named = IS_ENTRY.fullmatch(public_id)
    number = None if named is None else int(named[1])
    found = session.scalar(select(AuditEntry.id).where(AuditEntry.id == number, AuditEntry.org_id == org_id))
    if found is None:
        raise InvalidInput(field, "This cursor is not one of your audit log's entries.")
    return found
