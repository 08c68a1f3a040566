"""Count what each organisation has in storage: every few minutes, by one dispatcher, for all organisations in one pass.

No request adds up rows: an organisation may have millions.
"""

from __future__ import annotations

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from app.models import Artifact, Asset, OrgStorage, RemovedAsset
from app.models.database import Database, database_now_s
from app.services.schedules import claim_tick

SCHEDULE = "count_storage"
EVERY_S = 300.0


def count_storage_now_and_then(database: Database) -> None:
    """Count if it is time, and nobody else does."""
    with database.begin() as session:
        tick = claim_tick(session, SCHEDULE, EVERY_S, database_now_s(session))
    if tick is not None:
        count_storage(database)


def count_storage(database: Database) -> None:
    """Bytes that several jobs of an organisation share are counted once."""
    # Counted in a session that only reads: on SQLite it must not keep the writers waiting.
    with database.read() as session:
        counted_at = database_now_s(session)
        sizes = _sizes(session)
    with database.begin() as session:
        known = set(session.scalars(select(OrgStorage.org_id)))
        for org_id in known | set(sizes):
            row = OrgStorage(org_id=org_id, size_bytes=sizes.get(org_id, 0), counted_at=counted_at)
            session.merge(row)


def _sizes(session: Session) -> dict[int, int]:
    kept = union(
        select(Artifact.org_id, Artifact.sha256, Artifact.size_bytes),
        select(Asset.org_id, Asset.sha256, Asset.size_bytes),
        select(RemovedAsset.org_id, RemovedAsset.sha256, RemovedAsset.size_bytes),
    ).subquery()
    rows = session.execute(select(kept.c.org_id, func.sum(kept.c.size_bytes)).group_by(kept.c.org_id))
    return {org_id: int(size_bytes) for org_id, size_bytes in rows.tuples()}
