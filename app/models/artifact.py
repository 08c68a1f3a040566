"""Bytes that have a name: a step's outputs, a caller's uploads, and results to adopt."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model


class Artifact(Model):
    """An output of a step. `is_public` marks what the customer gets (`video.mp4`, `captions.srt`, …)."""

    __tablename__ = "artifacts"
    __table_args__ = (
        UniqueConstraint("step_id", "name"),
        Index(
            "uq_artifacts_job_id_name_public",
            "job_id",
            "name",
            unique=True,
            sqlite_where=text("is_public"),
            postgresql_where=text("is_public"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), index=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigId)
    media_type: Mapped[str]
    is_public: Mapped[bool]
    created_at: Mapped[float]


class Asset(Model):
    """A caller's upload, checked by content. `facts` are what the check found (size in px, duration in s)."""

    __tablename__ = "assets"
    __table_args__ = (Index("ix_assets_org_id_created_at_id", "org_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    kind: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigId)
    media_type: Mapped[str]
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[float]


class RemovedAsset(Model):
    """An upload that was taken away while its bytes are still in storage; they count until the row goes.

    `created_at` is when it was uploaded, `looked_at` when it was last asked whether its bytes may go (None: never).
    """

    __tablename__ = "removed_assets"

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"), index=True)
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[float]
    removed_at: Mapped[float]
    looked_at: Mapped[float | None] = mapped_column(index=True)


class StepResult(Model):
    """What a step with this input hash gave before: adopted instead of done and paid again.

    Scoped to the org, so that no one learns from a cache hit what another org has made.
    """

    __tablename__ = "step_results"
    __table_args__ = (UniqueConstraint("org_id", "input_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    input_hash: Mapped[str]
    outputs: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[float]
