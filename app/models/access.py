"""Who asks: organisations, their API keys, and the answers already given to an idempotency key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model


class Org(Model):
    __tablename__ = "orgs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float]


class ApiKey(Model):
    """`secret_sha256` is the hex digest of the whole key; the key itself is never stored."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"), index=True)
    name: Mapped[str]
    secret_sha256: Mapped[str]
    created_at: Mapped[float]
    last_used_at: Mapped[float | None]
    revoked_at: Mapped[float | None]


class IdempotencyRecord(Model):
    """The answer to one `Idempotency-Key`, kept 24 h; `fingerprint` is the SHA-256 of the request's body."""

    __tablename__ = "idempotency_records"
    __table_args__ = (UniqueConstraint("org_id", "route", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[float] = mapped_column(index=True)
