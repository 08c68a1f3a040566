"""Who asks: organisations, their API keys and limits, and the answers already given to an idempotency key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.access import ALL_SCOPES, written_scopes
from app.models.base import BigId, Model


class Org(Model):
    __tablename__ = "orgs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float]


class ApiKey(Model):
    """`secret_sha256` is the hex digest of the whole key; the key itself is never stored.

    `scopes` as `app.domain.access.written_scopes` gives them. `user_id` is whose key it is, None for a program's. From
    `expires_at` on it is as good as revoked: a key that another one replaces goes on for a while. `lineage` is the id
    of the first of the keys that replaced each other; None for a key that replaced none.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    secret_sha256: Mapped[str]
    # The keys of before there were scopes could do everything.
    scopes: Mapped[str] = mapped_column(server_default=written_scopes(ALL_SCOPES))
    lineage: Mapped[str | None]
    created_at: Mapped[float]
    last_used_at: Mapped[float | None]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]


class OrgLimits(Model):
    """What an organisation may use; what is None is the farm's setting. Minutes are of finished video."""

    __tablename__ = "org_limits"

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("orgs.id"), primary_key=True, autoincrement=False)
    jobs_at_once: Mapped[int | None]
    minutes_a_day: Mapped[float | None]
    storage_bytes: Mapped[int | None] = mapped_column(BigId)
    requests_a_minute: Mapped[int | None]
    updated_at: Mapped[float]


class OrgStorage(Model):
    """What an organisation had in storage when it was last counted (`app.services.count_storage`)."""

    __tablename__ = "org_storage"

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("orgs.id"), primary_key=True, autoincrement=False)
    size_bytes: Mapped[int] = mapped_column(BigId)
    counted_at: Mapped[float]


class OrgUsage(Model):
    """Never less than an organisation uses of its quotas: live jobs, and seconds of video asked for today.

    Exact at `counted_at`; each job that is accepted since adds to it, and none that ends takes from it (see
    `app.services.quotas`).
    """

    __tablename__ = "org_usage"

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("orgs.id"), primary_key=True, autoincrement=False)
    jobs: Mapped[int] = mapped_column(BigId)
    video_s: Mapped[float]
    counted_at: Mapped[float]


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
