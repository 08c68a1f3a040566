"""Which pools are paused. A pause with an end is over when the end has come, whether or not anyone has noticed."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.models import PoolPause
from app.models.database import now_s

IS_IN_FORCE = or_(PoolPause.until.is_(None), PoolPause.until > now_s())


def paused_pools(session: Session) -> dict[str, PoolPause]:
    """The pauses in force, by pool."""
    return {pause.pool: pause for pause in session.scalars(select(PoolPause).where(IS_IN_FORCE))}
