"""A person's own password, changed by themselves."""

from __future__ import annotations

from sqlalchemy import update

from app.domain.audit_actions import AuditAction
from app.domain.errors import Forbidden, InvalidInput, Unauthorized
from app.domain.people import typed_password
from app.models import SignIn, User
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.passwords import check_password, hash_password
from app.services.sign_in_limit import count_attempt, forget_attempts


def change_own_password(database: Database, asking: Asking, current: str, new: str) -> None:
    """`new` as `app.domain.people.read_password` gives it. All other sessions of the user end; this one goes on.

    Forbidden outside of a session: whoever finds a key must not shut its owner out. InvalidInput when `current` is
    wrong, RateLimited after too many of those, counted with the sign-ins that failed.
    """
    caller = asking.caller
    if caller is None or caller.session_id is None or caller.user_id is None:
        raise Forbidden("A password is changed by whoever is signed in with it, and not with a key.")
    host = asking.ip or ""
    with database.read() as session:
        user = session.get_one(User, caller.user_id)
    count_attempt(database, user.email, host, user.password_hash)
    if not check_password(user.password_hash, typed_password(current)).is_right:
        raise InvalidInput("current", "This is not your password.")
    password_hash = hash_password(new)
    with database.begin() as session:
        now = database_now_s(session)
        row = session.get_one(User, caller.user_id, with_for_update=True)
        # While it was checked, somebody may have given this user another one, or shut them out.
        if row.password_hash != user.password_hash or row.disabled_at is not None:
            raise Unauthorized("Nobody is signed in, or not any more. Sign in again.")
        row.password_hash = password_hash
        others = update(SignIn).where(SignIn.user_id == row.id, SignIn.token_sha256 != caller.session_id)
        session.execute(others.where(SignIn.ended_at.is_(None)).values(ended_at=now))
        forget_attempts(session, row.email, host, user.password_hash, now)
        note(session, asking, AuditAction.USER_CHANGED, row.public_id, after={"password": "changed"})
