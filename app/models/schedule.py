"""What happens again and again: a row for each, claimed per tick, so that many schedulers fire once."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Schedule(Model):
    """`next_at` is the next tick (epoch seconds); `fired_at` when a tick was last claimed; `ticks` how many were."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[float]
    fired_at: Mapped[float | None]
    ticks: Mapped[int] = mapped_column(default=0)
