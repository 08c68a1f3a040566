"""The audit log: who did what to what. Rows are added and never changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model


class AuditEntry(Model):
    """`action` as `key.revoked`; `target` the public id of what it was done to; `before` and `after` what changed.

    Who: a person (`user_id`), a key (`key_id`), or, without either, the operator's own scripts on the farm's host.
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_org_id_id", "org_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    key_id: Mapped[str | None]
    action: Mapped[str]
    target: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    ip: Mapped[str | None]
    correlation_id: Mapped[str]
    created_at: Mapped[float]
