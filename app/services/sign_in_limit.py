"""How often a sign-in may be tried: counted before the password is looked at, and forgotten when it was right.

In the database, for guesses that are spread over the farm's processes and hosts are guesses at the same password; a
write more is nothing beside the check of one. An address is counted with the host that tries it, so that a stranger
who guesses does not shut its owner out, and alone with a higher limit, for those who guess from many hosts. Guesses at
a password that is another by now count no more: whoever was given a new one gets in with it.
"""

from __future__ import annotations

import hashlib
import math

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from app.domain.errors import RateLimited
from app.models import SignInAttempt
from app.models.database import Database, database_now_s

WITHIN_S = 15 * 60.0
FROM_ONE_HOST = 10
FROM_ALL_HOSTS = 100

# Counted by the statement itself: of attempts that come together each sees its own number.
COUNT = text("""
    INSERT INTO sign_in_attempts (name_sha256, attempts, since) VALUES (:name, 1, :now)
    ON CONFLICT (name_sha256) DO UPDATE SET
        attempts = CASE WHEN sign_in_attempts.since <= :begin THEN 1 ELSE sign_in_attempts.attempts + 1 END,
        since = CASE WHEN sign_in_attempts.since <= :begin THEN :now ELSE sign_in_attempts.since END
    RETURNING attempts, since
""")


def count_attempt(database: Database, email: str, host: str, password_hash: str | None) -> None:
    """RateLimited, and nothing counted, when there were too many within a quarter of an hour; for unknown users too.

    `password_hash` is what the password is checked against, None for a user who has none or is not there.
    """
    with database.begin() as session:
        now = database_now_s(session)
        for name, limit in _names(email, host, password_hash):
            counted = session.execute(COUNT, {"name": name, "now": now, "begin": now - WITHIN_S}).one()
            if counted.attempts > limit:
                wait_s = max(1, math.ceil(counted.since + WITHIN_S - now))
                raise RateLimited("Too many sign-ins that failed. Try again later.", retry_after_s=wait_s)


def forget_attempts(session: Session, email: str, host: str, password_hash: str | None, now: float) -> None:
    """The password was right. What is out of date goes with it, so that the table stays small."""
    names = [name for name, _ in _names(email, host, password_hash)]
    session.execute(
        delete(SignInAttempt).where(SignInAttempt.name_sha256.in_(names) | (SignInAttempt.since <= now - WITHIN_S))
    )


def _names(email: str, host: str, password_hash: str | None) -> list[tuple[str, int]]:
    """Hashed: what was typed may be anything, a password in the wrong field among it."""
    whose = f"{email}\n{password_hash or ''}"
    return [
        (hashlib.sha256(name.encode()).hexdigest(), limit)
        for name, limit in ((whose, FROM_ALL_HOSTS), (f"{whose}\n{host}", FROM_ONE_HOST))
    ]
