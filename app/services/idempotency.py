"""The answers already given to an `Idempotency-Key`: found again within a day, and then forgotten."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import Row, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict
from app.models import IdempotencyRecord
from app.models.database import Database, database_now_s
from app.services.asking import RequestKey

log = structlog.get_logger()

KEPT_S = 24 * 3600.0
UNIQUE = "uq_idempotency_records_org_id_route_key"
SWEPT_AT_ONCE = 5000


class IdempotencyMismatch(Conflict):
    """The key came before with another body: 422 in the IETF's draft."""

    code = "IDEMPOTENCY_KEY_REUSED"


# Built once: every request that brings a key runs them.
FIND = select(*IdempotencyRecord.__table__.c).where(
    IdempotencyRecord.org_id == bindparam("org"),
    IdempotencyRecord.route == bindparam("of_route"),
    IdempotencyRecord.key == bindparam("of_key"),
)
FORGET = delete(IdempotencyRecord).where(IdempotencyRecord.id == bindparam("of_record"))
ADD = insert(IdempotencyRecord)


def find_record(session: Session, org_id: int, key: RequestKey, now: float) -> Row[Any] | None:
    """The record of this key, if it still counts. IdempotencyMismatch when the key came with another body."""
    connection = session.connection()
    record = connection.execute(FIND, {"org": org_id, "of_route": key.route, "of_key": key.key}).one_or_none()
    if record is None:
        return None
    if record.created_at < now - KEPT_S:
        connection.execute(FORGET, {"of_record": record.id})
        return None
    if record.fingerprint != key.fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key came with another request before. Use a new one.")
    return record


def add_record(session: Session, org_id: int, key: RequestKey, answer: dict[str, Any], now: float) -> None:
    row = {"org_id": org_id, "route": key.route, "key": key.key, "fingerprint": key.fingerprint}
    session.connection().execute(ADD, {**row, "answer": answer, "created_at": now})


def forget_answers(session: Session, org_id: int, route: str, id_: str) -> None:
    """Let the keys go whose answer at this address was the making of what has this id, and is gone."""
    told = IdempotencyRecord.answer["data"]["id"].as_string()
    session.execute(
        delete(IdempotencyRecord)
        .where(IdempotencyRecord.org_id == org_id, IdempotencyRecord.route == route, told == id_)
        .execution_options(synchronize_session=False)
    )


def is_answered(database: Database, org_id: int, route: str, key: str) -> bool:
    """Whether a request with this key has been accepted at this address before, and still counts."""
    record = IdempotencyRecord
    with database.read() as session:
        created_at = session.scalar(
            select(record.created_at).where(record.org_id == org_id, record.route == route, record.key == key)
        )
        return created_at is not None and created_at >= database_now_s(session) - KEPT_S


def sweep_records(database: Database) -> int:
    """Forget those that count no longer; how many there were. Any number of processes may do it at once."""
    swept = 0
    while True:
        with database.read() as session:
            too_old = IdempotencyRecord.created_at < database_now_s(session) - KEPT_S
            ids = session.scalars(select(IdempotencyRecord.id).where(too_old).limit(SWEPT_AT_ONCE)).all()
        if ids:
            with database.begin() as session:
                session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.id.in_(ids)))
            swept += len(ids)
        if len(ids) < SWEPT_AT_ONCE:
            break
    if swept:
        log.info("idempotency_records_swept", records=swept)
    return swept
