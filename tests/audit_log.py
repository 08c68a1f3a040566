"""What the audit log says, for tests."""

from __future__ import annotations

from sqlalchemy import select

from app.models import AuditEntry
from app.models.database import Database


def audited(database: Database, *, after: int = 0) -> list[AuditEntry]:
    """The rows with an id above `after`, in order."""
    with database.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.id > after).order_by(AuditEntry.id)))
