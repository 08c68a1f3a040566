"""The keys of an organisation: made, listed, replaced by another one, and taken away.

A name belongs to one key, or to two while one takes the other's place. So a request that is sent again because its
answer was lost makes no second key, and whoever revokes by name knows which one goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.domain.access import Scope, read_scopes
from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.models import ApiKey, Org, User
from app.models.database import Database, database_now_s
from app.services.api_keys import CONFIGURED_KEY_NAME, LOCAL_KEY_NAME, add_key, make_key
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.caller import check_grant
from app.services.keyset import Cut, Page, cut_out, page_of, place_of

# Long enough to bring the new key to every place that holds the old one.
OLD_ENDS_AFTER_S = 24 * 3600.0
LIVE_AT_ONCE = 2
# The farm makes and ends these by itself, as a file and a setting say.
FARMS_OWN = (LOCAL_KEY_NAME, CONFIGURED_KEY_NAME)
NEWEST_FIRST = (ApiKey.created_at, ApiKey.id)


@dataclass(frozen=True)
class KeyView:
    """A key as its organisation sees it. Times are epoch seconds; `user_id` a user's public id."""

    id: str
    name: str
    scopes: frozenset[Scope]
    user_id: str | None
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    revoked_at: float | None


@dataclass(frozen=True)
class MadeKey:
    """`key` is the key itself, which is stored nowhere."""

    view: KeyView
    key: str = field(repr=False)


def list_keys(database: Database, org_id: int, cut: Cut) -> Page[KeyView]:
    """All of them, the ended ones too, newest first. RequestError for a cursor that is not one of the org's keys."""
    with database.read() as session:
        place = place_of(
            session, NEWEST_FIRST, cut, lambda cursor: and_(ApiKey.id == cursor, ApiKey.org_id == org_id), "keys"
        )
        query = select(ApiKey).where(ApiKey.org_id == org_id)
        page = page_of(session.scalars(cut_out(query, NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(_views(session, page.items)), page.has_more)


def give_key(
    database: Database, asking: Asking, name: str, scopes: Collection[Scope], user_id: str | None = None
) -> MadeKey:
    """A new key of the asker's organisation, for a program or for one of its users (a public id).

    Forbidden for scopes that the asker has not itself, Conflict while a live key has the name, InvalidInput for a user
    that is not there.
    """
    check_grant(asking.caller, scopes)
    if name in FARMS_OWN:
        raise InvalidInput("name", "The farm gives this name to a key of its own.")
    with database.begin() as session:
        # Two requests for one name wait for each other here.
        session.execute(select(Org.id).where(Org.id == asking.org_id).with_for_update())
        now = database_now_s(session)
        if session.scalar(select(ApiKey.id).where(ApiKey.name == name, *_live(asking.org_id, now)).limit(1)):
            raise Conflict("A key with this name is in use. Take another name, or rotate or revoke that key.")
        key = make_key()
        row = add_key(session, asking.org_id, key, name, now, scopes, user_id=_user(session, asking.org_id, user_id))
        session.flush()
        note(session, asking, AuditAction.KEY_MADE, row.id, after={"name": name, "scopes": row.scopes})
        return MadeKey(_view(session, row), key)


def rotate_key(database: Database, asking: Asking, key_id: str, old_ends_at: float | None = None) -> MadeKey:
    """Another key with the same name, scopes and user; the old one ends at `old_ends_at`, or in 24 hours.

    A time that has passed ends it now; none lets it live longer than it would have. Conflict when it has ended, when
    another one takes its place already, or when the farm itself looks after it.
    """
    with database.begin() as session:
        old = _find(session, asking.org_id, key_id)
        now = database_now_s(session)
        scopes = read_scopes(old.scopes)
        # Else a key that may only administer would come into all that the organisation's other keys may do.
        check_grant(asking.caller, scopes)
        if old.name in FARMS_OWN:
            raise Conflict(f"The farm looks after {old.name} by itself: docs/api.md says how to change it.")
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
            raise Conflict("This key has ended. Make a new one.")
        lineage = old.lineage or old.id
        of_lineage = or_(ApiKey.lineage == lineage, ApiKey.id == lineage)
        live = session.scalar(select(func.count()).where(of_lineage, *_live(asking.org_id, now))) or 0
        if live >= LIVE_AT_ONCE:
            raise Conflict("Two of these keys are in use: the one takes the other's place. Revoke one of them first.")
        ends_at = now + OLD_ENDS_AFTER_S if old_ends_at is None else max(old_ends_at, now)
        old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
        key = make_key()
        row = add_key(session, asking.org_id, key, old.name, now, scopes, user_id=old.user_id, lineage=lineage)
        session.flush()
        told = {"name": old.name, "new_key": row.id, "old_ends_at": old.expires_at}
        note(session, asking, AuditAction.KEY_ROTATED, old.id, after=told)
        return MadeKey(_view(session, row), key)


def revoke_key(database: Database, asking: Asking, key_id: str) -> KeyView:
    """End a key now: nobody gets in with it any more, and its open streams close. Again, it changes nothing."""
    with database.begin() as session:
        row = _find(session, asking.org_id, key_id)
        if row.revoked_at is None:
            row.revoked_at = database_now_s(session)
            told = {"name": row.name, "scopes": row.scopes}
            note(session, asking, AuditAction.KEY_REVOKED, row.id, before=told)
        return _view(session, row)


def _find(session: Session, org_id: int, key_id: str) -> ApiKey:
    """The org's key, locked, so that of two rotations at once the second sees the first. NotFound for any other."""
    row = session.execute(
        select(ApiKey).where(ApiKey.id == key_id, ApiKey.org_id == org_id).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such key.")
    return row


def _live(org_id: int, now: float) -> tuple[ColumnElement[bool], ...]:
    is_over = ApiKey.expires_at <= now
    return ApiKey.org_id == org_id, ApiKey.revoked_at.is_(None), is_over.is_not(True)


def _user(session: Session, org_id: int, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    found = session.scalar(select(User.id).where(User.public_id == public_id, User.org_id == org_id))
    if found is None:
        raise InvalidInput("user_id", "There is no such user.")
    return found


def _view(session: Session, row: ApiKey) -> KeyView:
    (view,) = _views(session, [row])
    return view


def _views(session: Session, rows: Sequence[ApiKey]) -> list[KeyView]:
    ids = {row.user_id for row in rows if row.user_id is not None}
    found = session.execute(select(User.id, User.public_id).where(User.id.in_(ids))) if ids else ()
    users = {row.id: row.public_id for row in found}
    return [
        KeyView(
            id=row.id,
            name=row.name,
            scopes=read_scopes(row.scopes),
            user_id=None if row.user_id is None else users[row.user_id],
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]
