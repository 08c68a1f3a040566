"""Which pools are paused. A pause with an end is over when the end has come, whether or not anyone has noticed."""

from __future__ import annotations

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.models import PoolPause
from app.models.database import now_s


def paused_pools(session: Session) -> dict[str, PoolPause]:
    """The pauses in force, by pool."""
    return {pause.pool: pause for pause in session.scalars(_in_force())}


def is_paused(session: Session, pool: str) -> bool:
    return session.scalar(_in_force().where(PoolPause.pool == pool)) is not None


def _in_force() -> Select[tuple[PoolPause]]:
    return select(PoolPause).where(or_(PoolPause.until.is_(None), PoolPause.until > now_s()))
