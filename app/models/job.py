"""One request of a caller. Its input never changes after acceptance."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model

# Spelled out once, for the same reason as those of the steps.
IS_CANARY = "kind = 'canary'"
HAS_ROOT = "root_id IS NOT NULL"
IS_REVISION = "relation = 'revision'"
HAS_SUBJECT = "subject_id IS NOT NULL"
IS_LIVE = "status IN ('queued', 'running', 'waiting')"
IS_LIVE_SUBJECT = f"{HAS_SUBJECT} AND {IS_LIVE}"
LIVE_SUBJECT = "uq_jobs_org_id_subject_id_live"


class Job(Model):
    """`work_done` of `work_total` units are committed; `open_steps` counts the steps not yet succeeded.

    A job made from another names it (`parent_id`, `relation`: see `app.domain.descent`) and the first of their family
    (`root_id`). `fresh_from` is its wish to make steps anew instead of adopting them: a step's name, `all`, or None;
    with `inherits_wish` it is the parent's, who has made some of them. `revision` numbers a family's edits from 2.

    `subject_id` is what the caller makes it of (a product, a post): of one subject one job is live at a time. `key_id`
    and `user_id` are who asked. `video_s` is how long the video will be: estimated, and measured when it is there.
    `webhook_endpoint_id` is made of the `webhook_url` that the request brought.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_org_id_id", "org_id", "id"),
        Index(
            "ix_jobs_live",
            "status",
            "id",
            sqlite_where=text(IS_LIVE),
            postgresql_where=text(IS_LIVE),
        ),
        Index(
            "ix_jobs_canary",
            "id",
            sqlite_where=text(IS_CANARY),
            postgresql_where=text(IS_CANARY),
        ),
        Index(
            "ix_jobs_parent_id",
            "parent_id",
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        Index("ix_jobs_org_id_status_id", "org_id", "status", "id"),
        Index(
            "ix_jobs_org_id_subject_id_id",
            "org_id",
            "subject_id",
            "id",
            sqlite_where=text(HAS_SUBJECT),
            postgresql_where=text(HAS_SUBJECT),
        ),
        Index("ix_jobs_org_id_created_at", "org_id", "created_at"),
        Index(
            LIVE_SUBJECT,
            "org_id",
            "subject_id",
            unique=True,
            sqlite_where=text(IS_LIVE_SUBJECT),
            postgresql_where=text(IS_LIVE_SUBJECT),
        ),
        Index("ix_jobs_root_id", "root_id", sqlite_where=text(HAS_ROOT), postgresql_where=text(HAS_ROOT)),
        Index(
            "uq_jobs_root_id_revision",
            "root_id",
            "revision",
            unique=True,
            sqlite_where=text(IS_REVISION),
            postgresql_where=text(IS_REVISION),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    kind: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int]
    # A book's text is large, and only the script step reads it.
    input: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    title: Mapped[str | None]
    labels: Mapped[dict[str, Any]]
    correlation_id: Mapped[str]
    subject_id: Mapped[str | None]
    key_id: Mapped[str | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    video_s: Mapped[float | None]
    webhook_endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoints.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    relation: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)
    fresh_from: Mapped[str | None]
    inherits_wish: Mapped[bool] = mapped_column(default=False)
    open_steps: Mapped[int] = mapped_column(default=0)
    work_total: Mapped[int] = mapped_column(default=0)
    work_done: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool | None]
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    updated_at: Mapped[float]
