"""The worker processes that have been seen, with the last time they said so."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Worker(Model):
    """`pid_space` says among which processes `pid` names the same one (see `workers.pid_space`).

    `encoder` (JSON: name, why, fingerprint) is what it makes clips with; None when it makes none.
    `draining_at` is when it was told to take nothing more; it ends when what it has is done or handed back.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    pool: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    pid_space: Mapped[str | None]
    slots: Mapped[int]
    version: Mapped[str]
    started_at: Mapped[float]
    beat_at: Mapped[float] = mapped_column(index=True)
    draining_at: Mapped[float | None]
    encoder: Mapped[dict[str, Any] | None]
