"""The steps that are stuck right now, each with the reason; a row goes when the step moves again."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class StuckStep(Model):
    """`token` is the step's when it was found stuck: another claim is another story."""

    __tablename__ = "stuck_steps"

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    token: Mapped[int]
    reason: Mapped[str] = mapped_column(index=True)
    since: Mapped[float]
