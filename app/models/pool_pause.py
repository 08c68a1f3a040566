"""The pools that an operator has paused: a row for each, gone when the pool is resumed."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class PoolPause(Model):
    """`until` is when it ends by itself (epoch seconds); None when someone must resume it."""

    __tablename__ = "pool_pauses"

    pool: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[float]
    until: Mapped[float | None]
