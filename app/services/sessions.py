"""People signed in with a browser: begun by a password, known by a cookie, ended by time, by them, or for them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.domain.access import SCOPES_OF, Role, Scope
from app.domain.audit_actions import AuditAction
from app.domain.errors import Unauthorized
from app.domain.people import read_email, role_in_force, typed_password
from app.models import Org, SignIn, User
from app.models.database import Database, database_now_s, first_line, now_s
from app.services.api_keys import LOCAL_ORG
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.caller import Caller
from app.services.passwords import check_password
from app.services.sign_in_limit import count_attempt, forget_attempts

log = structlog.get_logger()

IDLE_S = 12 * 3600.0
LONGEST_S = 7 * 24 * 3600.0
# A write at every request would cost more than the request.
LAST_USED_EVERY_S = 60.0
TOKEN_BYTES = 32

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Whoami:
    """Who a caller is. The user is None for a program's key; `ends_at` for any key."""

    org: str
    user_id: str | None
    email: str | None
    name: str | None
    role: Role | None
    ends_at: float | None


def sign_in(
    database: Database, email: str, password: str, host: str, admin_users: Collection[str], correlation_id: str
) -> str:
    """The new session's token, for its cookie; only its hash is stored.

    Unauthorized, in the same words and after the same time for a wrong password, an unknown address and a disabled
    user. RateLimited after too many of them. `host` is from where it is tried, `correlation_id` the request's.
    """
    try:
        email = read_email(email)
    except ValueError:
        email = ""
    with database.read() as session:
        user = session.execute(select(User).where(User.email == email)).scalar_one_or_none()
    stored = None if user is None else user.password_hash
    count_attempt(database, email, host, stored)
    check = check_password(stored, typed_password(password))
    if user is None or not check.is_right:
        raise _refusal()
    with database.begin() as session:
        now = database_now_s(session)
        row = session.execute(select(User).where(User.id == user.id).with_for_update()).scalar_one()
        # While the password was checked, it may have been changed, or the user shut out.
        if row.password_hash != stored or row.disabled_at is not None:
            raise _refusal()
        if check.new_hash is not None:
            row.password_hash = check.new_hash
        forget_attempts(session, email, host, stored, now)
        session.execute(delete(SignIn).where(SignIn.expires_at <= now))
        token = begin_session(session, row.id, now)
        who = Caller(row.org_id, frozenset(), False, session_id=_digest(token), user_id=row.id)
        asking = Asking(row.org_id, correlation_id, caller=who, ip=host or None)
        note(session, asking, AuditAction.SESSION_BEGUN, row.public_id, after={"role": row.role})
        return token


def begin_session(session: Session, user_id: int, now: float) -> str:
    """A session of the user's; its token."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        SignIn(
            token_sha256=_digest(token), user_id=user_id, created_at=now, last_used_at=now, expires_at=now + LONGEST_S
        )
    )
    return token


def caller_of(database: Database, token: str, admin_users: Collection[str]) -> Caller:
    """Who is signed in with this token; Unauthorized when nobody is, or not any more."""
    if not _TOKEN.fullmatch(token):
        raise _ended()
    with database.read() as session:
        found = session.execute(
            select(SignIn, User, Org.name, now_s())
            .join(User, User.id == SignIn.user_id)
            .join(Org, Org.id == User.org_id)
            .where(SignIn.token_sha256 == _digest(token), *_is_on())
        ).one_or_none()
    if found is None:
        raise _ended()
    row, user, org, now = found
    if row.last_used_at < now - LAST_USED_EVERY_S:
        _note_use(database, row.token_sha256)
    role = role_in_force(user.email, Role(user.role), admin_users, is_in_farms_org=org == LOCAL_ORG)
    scopes = SCOPES_OF[role]
    runs_the_farm = role == Role.OPERATOR or (org == LOCAL_ORG and Scope.ADMIN in scopes)
    return Caller(user.org_id, scopes, runs_the_farm, session_id=row.token_sha256, user_id=user.id)


def active_sessions(database: Database, session_ids: Collection[str]) -> set[str]:
    """Which of these sessions still go on."""
    with database.read() as session:
        going = select(SignIn.token_sha256).join(User, User.id == SignIn.user_id).where(*_is_on())
        return set(session.scalars(going.where(SignIn.token_sha256.in_(session_ids))))


def sign_out(database: Database, asking: Asking) -> None:
    """End the session in which this is asked; the streams that it has open close."""
    assert asking.caller is not None and asking.caller.session_id is not None
    with database.begin() as session:
        row = session.get(SignIn, asking.caller.session_id, with_for_update=True)
        if row is None or row.ended_at is not None:
            return
        row.ended_at = database_now_s(session)
        target = session.get_one(User, row.user_id).public_id
        note(session, asking, AuditAction.SESSION_ENDED, target, before={"since": round(row.created_at)})


def who_is(database: Database, caller: Caller, admin_users: Collection[str]) -> Whoami:
    """The caller's organisation, and who in it they are."""
    with database.read() as session:
        org = session.execute(select(Org.name).where(Org.id == caller.org_id)).scalar_one()
        user = None if caller.user_id is None else session.get(User, caller.user_id)
        ends_at = session.scalar(select(SignIn.expires_at).where(SignIn.token_sha256 == (caller.session_id or "")))
    if user is None:
        return Whoami(org, None, None, None, None, None)
    role = role_in_force(user.email, Role(user.role), admin_users, is_in_farms_org=org == LOCAL_ORG)
    return Whoami(org, user.public_id, user.email, user.name, role, ends_at)


def csrf_token(token: str) -> str:
    """What a page of ours knows of its session and another site's page cannot: the cookie itself no script can read."""
    return hmac.new(token.encode(), b"sceneworks csrf", hashlib.sha256).hexdigest()


def is_csrf_token(token: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(csrf_token(token).encode(), given.encode(errors="replace"))


def _is_on() -> tuple[ColumnElement[bool], ...]:
    """Of a SignIn joined with its User: neither ended, nor out of time, nor the user's any more."""
    return (
        SignIn.ended_at.is_(None),
        SignIn.expires_at > now_s(),
        SignIn.last_used_at > now_s() - IDLE_S,
        User.disabled_at.is_(None),
    )


def _note_use(database: Database, session_id: str) -> None:
    try:
        with database.begin() as session:
            used = update(SignIn).where(SignIn.token_sha256 == session_id)
            session.execute(used.where(SignIn.last_used_at < now_s() - LAST_USED_EVERY_S).values(last_used_at=now_s()))
    except SQLAlchemyError as error:
        # A busy or full database must not turn somebody away who is signed in.
        log.warning("session_use_not_noted", reason=first_line(error))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refusal() -> Unauthorized:
    return Unauthorized("The e-mail address or the password is wrong.")


def _ended() -> Unauthorized:
    return Unauthorized("Nobody is signed in, or not any more. Sign in again.")
