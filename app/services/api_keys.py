"""API keys: made, told apart from noise without asking the database, verified, and given to the farm's own scripts.

    sw_live_<id>_<random>_<checksum>      lower-case base 32; the id is 12 characters, the random part 40 (200 bits)

The checksum is the start of the SHA-256 of everything before it. It is no secret: it lets a mistyped
key, and a scanner that finds one in a repository, be told apart from noise.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from pathlib import Path

import structlog
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.domain.access import ALL_SCOPES, SCOPES_OF, Role, Scope, read_scopes, written_scopes
from app.domain.errors import Unauthorized
from app.domain.ids import ALPHABET
from app.domain.people import role_in_force
from app.models import ApiKey, Org, User
from app.models.database import Database, database_now_s, first_line, now_s
from app.services.caller import Caller
from app.services.private_file import read_private, write_private

log = structlog.get_logger()

ID_LENGTH = 12
RANDOM_LENGTH = 40
CHECKSUM_LENGTH = 8
LOCAL_ORG = "local"
LOCAL_KEY_NAME = "local.key"
CONFIGURED_KEY_NAME = "SCENEWORKS_API_KEY"
# Often enough to see which keys are in use; a write at every request would cost more than the request.
LAST_USED_EVERY_S = 60.0

_FORM = re.compile(
    rf"(?P<body>sw_live_(?P<id>[{ALPHABET}]{{{ID_LENGTH}}})_[{ALPHABET}]{{{RANDOM_LENGTH}}})"
    rf"_(?P<checksum>[0-9a-f]{{{CHECKSUM_LENGTH}}})"
)


# Built once: every request asks this.
FIND_KEY = (
    select(
        ApiKey.org_id,
        ApiKey.user_id,
        ApiKey.secret_sha256,
        ApiKey.scopes,
        ApiKey.last_used_at,
        ApiKey.expires_at,
        ApiKey.revoked_at,
        Org.name.label("org"),
        User.role,
        User.email,
        User.disabled_at,
        now_s().label("now"),
    )
    .join(Org, Org.id == ApiKey.org_id)
    .outerjoin(User, User.id == ApiKey.user_id)
    .where(ApiKey.id == bindparam("of_key"))
)


def make_key() -> str:
    """A new key. Only its hash is ever stored, so this is the one time it can be shown."""
    body = f"sw_live_{_random(ID_LENGTH)}_{_random(RANDOM_LENGTH)}"
    return f"{body}_{_checksum(body)}"


def verify(database: Database, key: str, admin_users: Collection[str] = ()) -> Caller:
    """The caller that the key stands for; Unauthorized, always in the same words, when there is none.

    `admin_users` are operators whatever role is stored of them.
    """
    key_id = key_id_of(key)
    if key_id is None:
        raise _refusal()
    with database.read() as session:
        row = session.connection().execute(FIND_KEY, {"of_key": key_id}).one_or_none()
    # Compared in constant time, and compared too when there is no such key.
    is_right = hmac.compare_digest(_digest(key), "" if row is None else row.secret_sha256)
    if row is None or not is_right or row.revoked_at is not None or _is_over(row.expires_at, row.now):
        raise _refusal()
    if row.disabled_at is not None:
        raise _refusal()
    if row.last_used_at is None or row.last_used_at < row.now - LAST_USED_EVERY_S:
        _note_use(database, key_id)
    # A person's key does no more than the person may by now.
    scopes = read_scopes(row.scopes)
    if row.role is not None:
        role = role_in_force(row.email, Role(row.role), admin_users, is_in_farms_org=row.org == LOCAL_ORG)
        scopes &= SCOPES_OF[role]
    # Who administers the farm's own organisation runs the farm.
    is_operator = row.org == LOCAL_ORG and Scope.ADMIN in scopes
    return Caller(row.org_id, scopes, is_operator, key_id=key_id, user_id=row.user_id)


def _is_over(expires_at: float | None, now: float) -> bool:
    return expires_at is not None and expires_at <= now


def active_keys(database: Database, key_ids: Collection[str]) -> set[str]:
    """Which of the keys, all verified before, may still be used."""
    with database.read() as session:
        is_over = ApiKey.expires_at <= now_s()
        wanted = select(ApiKey.id).outerjoin(User, User.id == ApiKey.user_id).where(User.disabled_at.is_(None))
        good = wanted.where(ApiKey.id.in_(key_ids), ApiKey.revoked_at.is_(None), is_over.is_not(True))
        return set(session.scalars(good))


def revoke(database: Database, key_id: str) -> None:
    """From now on nobody gets in with this key, and its open streams close."""
    with database.begin() as session:
        session.execute(
            update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now_s())
        )


def key_id_of(key: str) -> str | None:
    """The id under which the key would be stored; None for what cannot be a key, found without the database."""
    if found := _FORM.fullmatch(key):
        return found["id"] if hmac.compare_digest(_checksum(found["body"]), found["checksum"]) else None
    if key.startswith("sw_") or not key.isascii():
        return None
    # A key of the operator's own making (SCENEWORKS_API_KEY) carries no id, so its hash gives it one.
    return f"own_{_digest(key)[:24]}"


def add_key(
    session: Session,
    org_id: int,
    key: str,
    name: str,
    now: float,
    scopes: Collection[Scope] = ALL_SCOPES,
    *,
    user_id: int | None = None,
    lineage: str | None = None,
) -> ApiKey:
    """Let `key` in as a caller of the org: its hash is stored, the key itself is not."""
    row = ApiKey(
        id=key_id_of(key),
        org_id=org_id,
        user_id=user_id,
        name=name,
        secret_sha256=_digest(key),
        scopes=written_scopes(scopes),
        lineage=lineage,
        created_at=now,
    )
    session.add(row)
    return row


def is_ours(key: str) -> bool:
    """Whether the key has our form and its checksum is right."""
    return _FORM.fullmatch(key) is not None and key_id_of(key) is not None


def ensure_local_key(database: Database, key_file: Path) -> str:
    """The key that this machine's scripts use: the one in `key_file`, or a new one written there (mode 0600).

    A key file that outlived its database is registered again, so that nothing on the machine has to be told.
    """
    content = read_private(key_file)
    if content is not None and is_ours(content) and _register(database, content, LOCAL_KEY_NAME):
        return content
    # Only a file that was seen and found useless is replaced: one that came meanwhile is another process's good key.
    key = write_private(key_file, make_key(), replace=content is not None)
    if not _register(database, key, LOCAL_KEY_NAME):
        raise Unauthorized(f"The key in {key_file} was revoked while it was being made. Start again.")
    return key


def accept_configured_key(database: Database, key: str | None) -> None:
    """Let `key` (SCENEWORKS_API_KEY) in, and every one that was configured before it no longer."""
    kept = None if key is None else key_id_of(key)
    if key is not None and kept is None:
        raise ValueError("SCENEWORKS_API_KEY is neither a key of ours nor plain ASCII that does not start with sw_.")
    if key is not None:
        _register(database, key, CONFIGURED_KEY_NAME, again=True)
    with database.begin() as session:
        session.execute(
            update(ApiKey)
            .where(ApiKey.name == CONFIGURED_KEY_NAME, ApiKey.id != (kept or ""), ApiKey.revoked_at.is_(None))
            .values(revoked_at=now_s())
        )


def _register(database: Database, key: str, name: str, *, again: bool = False) -> bool:
    """Store the key's hash under the org `local`; False when it is known and revoked (`again` lifts that)."""
    for _ in ("org", "key"):
        try:
            return _store(database, key, name, again)
        except IntegrityError:
            # Another process started at the same moment and was first with this row; it is committed now.
            continue
    return _store(database, key, name, again)


def _store(database: Database, key: str, name: str, again: bool) -> bool:
    with database.begin() as session:
        now = database_now_s(session)
        row = session.get(ApiKey, key_id_of(key))
        if row is None:
            add_key(session, _local_org(session, now).id, key, name, now)
        elif again:
            row.revoked_at = None
        return row is None or (row.revoked_at is None and hmac.compare_digest(row.secret_sha256, _digest(key)))


def farms_own_org(session: Session, now: float) -> int:
    """The org of the farm's operators, made when it is not there yet."""
    return _local_org(session, now).id


def _local_org(session: Session, now: float) -> Org:
    org = session.execute(select(Org).where(Org.name == LOCAL_ORG)).scalar_one_or_none()
    if org is None:
        org = Org(name=LOCAL_ORG, created_at=now)
        session.add(org)
        session.flush()
    return org


def _note_use(database: Database, key_id: str) -> None:
    try:
        with database.begin() as session:
            session.execute(
                update(ApiKey)
                .where(
                    ApiKey.id == key_id,
                    or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now_s() - LAST_USED_EVERY_S),
                )
                .values(last_used_at=now_s())
            )
    except SQLAlchemyError as error:
        # A busy or full database must not turn a good key away.
        log.warning("key_use_not_noted", key_id=key_id, reason=first_line(error))


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    return _digest(body)[:CHECKSUM_LENGTH]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal() -> Unauthorized:
    return Unauthorized("The API key is missing, mistyped, unknown or revoked.")
