"""The people of an organisation: added, listed, given another role, locked out and let in again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.access import SCOPES_OF, Role, Scope
from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.ids import new_id
from app.domain.people import role_in_force
from app.models import SignIn, User
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.caller import Caller, check_grant
from app.services.keyset import Cut, Page, cut_out, page_of, place_of
from app.services.orgs import is_farms_own
from app.services.passwords import hash_password

TAKEN = "There is a user with this e-mail address already."

NEWEST_FIRST = (User.id,)


@dataclass(frozen=True)
class UserView:
    """`id` is public; `role` the one in force. Without a password nobody can sign in as this user."""

    id: str
    email: str
    name: str
    role: Role
    has_password: bool
    created_at: float
    disabled_at: float | None


@dataclass(frozen=True)
class UserChange:
    """What is None stays as it is."""

    name: str | None = None
    role: Role | None = None
    is_disabled: bool | None = None
    password: str | None = None


def list_users(database: Database, org_id: int, admin_users: Collection[str], cut: Cut) -> Page[UserView]:
    """Newest first, disabled ones too. RequestError for a cursor that is not one of the org's users."""
    with database.read() as session:
        place = place_of(
            session, NEWEST_FIRST, cut, lambda cursor: and_(User.public_id == cursor, User.org_id == org_id), "users"
        )
        query = select(User).where(User.org_id == org_id)
        page = page_of(session.scalars(cut_out(query, NEWEST_FIRST, cut, place)).all(), cut)
        is_own = is_farms_own(session, org_id)
        return Page(tuple(_view(row, admin_users, is_own) for row in page.items), page.has_more)


def add_user(
    database: Database,
    asking: Asking,
    admin_users: Collection[str],
    *,
    email: str,
    name: str,
    role: Role,
    password: str | None = None,
) -> UserView:
    """A user of the asker's organisation. Conflict when the address is taken, in whatever organisation.

    Forbidden for a role that can do more than the asker. `email` and `password` as `app.domain.people` reads them.
    """
    check_role(asking.caller, role)
    # Outside of the transaction: it takes long.
    password_hash = None if password is None else hash_password(password)
    try:
        with database.begin() as session:
            is_own = is_farms_own(session, asking.org_id)
            if email in admin_users:
                if not is_own:
                    raise Conflict(TAKEN)
                check_role(asking.caller, Role.OPERATOR)
            row = User(
                public_id=new_id("usr"),
                org_id=asking.org_id,
                email=email,
                name=name,
                role=role,
                password_hash=password_hash,
                created_at=database_now_s(session),
            )
            session.add(row)
            session.flush()
            note(session, asking, AuditAction.USER_ADDED, row.public_id, after={"email": email, **_told(row)})
            return _view(row, admin_users, is_own)
    except IntegrityError:
        raise Conflict(TAKEN) from None


def change_user(
    database: Database, asking: Asking, admin_users: Collection[str], public_id: str, change: UserChange
) -> UserView:
    """Forbidden when the user may do more than the asker, before or after. Who is disabled, or gets another password,
    is signed out everywhere. Conflict when people would shut themselves out with nobody left to let them in again.
    """
    password_hash = None if change.password is None else hash_password(change.password)
    with database.begin() as session:
        row = session.execute(
            select(User).where(User.public_id == public_id, User.org_id == asking.org_id).with_for_update()
        ).scalar_one_or_none()
        if row is None:
            raise NotFound("There is no such user.")
        if asking.user_id == row.id and (change.is_disabled or not _administers(change.role or Role(row.role))):
            _check_not_the_last(session, row)
        is_own = is_farms_own(session, asking.org_id)
        check_role(asking.caller, _view(row, admin_users, is_own).role)
        before = _told(row)
        if change.name is not None:
            row.name = change.name
        if change.role is not None:
            check_role(asking.caller, change.role)
            row.role = change.role
        now = database_now_s(session)
        if change.is_disabled is not None and change.is_disabled != (row.disabled_at is not None):
            row.disabled_at = now if change.is_disabled else None
        if password_hash is not None:
            row.password_hash = password_hash
        if password_hash is not None or row.disabled_at is not None:
            end_sign_ins(session, row.id, now)
        after = _told(row) | ({} if password_hash is None else {"password": "changed"})
        if after != before:
            note(session, asking, AuditAction.USER_CHANGED, public_id, before=before, after=after)
        return _view(row, admin_users, is_own)


def _administers(role: Role) -> bool:
    return Scope.ADMIN in SCOPES_OF[role]


def _check_not_the_last(session: Session, row: User) -> None:
    """Conflict when `row` is the only one of its organisation who looks after its users."""
    if not _administers(Role(row.role)):
        return
    administers = User.role.in_([role for role in Role if _administers(role)])
    # Locked in one order: of two who leave at once, the second one sees that the first has gone.
    staying = select(User.id).where(User.org_id == row.org_id, administers, User.disabled_at.is_(None))
    if not set(session.scalars(staying.order_by(User.id).with_for_update())) - {row.id}:
        raise Conflict("Nobody else administers your organisation. Give somebody else that role first.")


def find_user(database: Database, email: str) -> tuple[int, str]:
    """The org's row id and the user's public id; NotFound for nobody."""
    with database.read() as session:
        found = session.execute(select(User.org_id, User.public_id).where(User.email == email)).one_or_none()
    if found is None:
        raise NotFound(f"There is no user with the address {email}.")
    return found.org_id, found.public_id


def end_sign_ins(session: Session, user_id: int, now: float) -> None:
    """End every session of the user; open streams close with them."""
    session.execute(update(SignIn).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None)).values(ended_at=now))


def check_role(caller: Caller | None, role: Role) -> None:
    """Raise Forbidden unless the caller may make, or change, somebody with this role."""
    if caller is None:
        return
    if role == Role.OPERATOR and not caller.is_operator:
        raise Forbidden("Only those who run the farm may do this to an operator.")
    check_grant(caller, SCOPES_OF[role])


def _told(row: User) -> dict[str, Any]:
    """What the audit log says of a user."""
    return {"name": row.name, "role": row.role, "disabled": row.disabled_at is not None}


def _view(row: User, admin_users: Collection[str], is_own: bool) -> UserView:
    return UserView(
        id=row.public_id,
        email=row.email,
        name=row.name,
        role=role_in_force(row.email, Role(row.role), admin_users, is_in_farms_org=is_own),
        has_password=row.password_hash is not None,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
