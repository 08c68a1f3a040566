"""Ticks of what happens again and again: whoever claims one acts in the same transaction, or it stays due."""

from __future__ import annotations

import math

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import Schedule


def claim_tick(session: Session, name: str, every_s: float, now: float) -> int | None:
    """The number of the tick that is due and from now on ours, from 1; None when none is due or another has it.

    Ticks that nobody was there to claim are not made up for.
    """
    session.execute(
        text("INSERT INTO schedules (name, next_at, ticks) VALUES (:name, :now, 0) ON CONFLICT DO NOTHING"),
        {"name": name, "now": now},
    )
    schedule = session.execute(
        select(Schedule).where(Schedule.name == name, Schedule.next_at <= now).with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if schedule is None:
        return None
    missed = math.floor((now - schedule.next_at) / every_s)
    schedule.next_at += every_s * (missed + 1)
    schedule.fired_at = now
    schedule.ticks += 1
    return schedule.ticks
