"""How many more steps each pool may be called for: asked in one query, for it is asked after every step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import exists, func, literal, select, text, union_all
from sqlalchemy.orm import Session

from app.domain.states import STEP_POOLS, Pool
from app.models import PoolPause, Step, Worker
from app.models.database import now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG
from app.services.pool_pauses import IS_IN_FORCE

# A window of two calls a slot keeps every slot busy without holding the backlog in the broker.
CALLS_PER_SLOT = 2
SMALLEST_WINDOW = 4
WORKER_SEEN_WITHIN_S = 30.0


@dataclass(frozen=True)
class PoolRoom:
    """How many more steps of the pool may be called, and how many of each org run or are called already."""

    room: int
    in_flight: Mapping[int, int]


@dataclass(frozen=True)
class Rooms:
    """`backlogs` has the pools where steps wait to be called and may be; `paused` the pools where none may."""

    backlogs: Mapping[Pool, PoolRoom]
    paused: frozenset[str]


# Each row says what it is, of which pool and org, and a number.
ASK = union_all(
    select(literal("in flight"), Step.pool, Step.org_id, func.count())
    .where(text(IS_IN_FLIGHT))
    .group_by(Step.pool, Step.org_id),
    select(literal("slots"), Worker.pool, literal(0), func.sum(Worker.slots))
    .where(Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S, Worker.draining_at.is_(None))
    .group_by(Worker.pool),
    select(literal("paused"), PoolPause.pool, literal(0), literal(0)).where(IS_IN_FORCE),
    *(
        select(literal("backlog"), literal(pool.value), literal(0), literal(0)).where(
            exists().where(text(IS_UNRUNG), Step.pool == pool)
        )
        for pool in STEP_POOLS
    ),
)


def pool_rooms(session: Session) -> Rooms:
    in_flight: dict[str, dict[int, int]] = defaultdict(dict)
    slots: dict[str, int] = {}
    paused, backlogs = set(), []
    for what, pool, org_id, number in session.connection().execute(ASK):
        match what:
            case "in flight":
                in_flight[pool][org_id] = number
            case "slots":
                slots[pool] = number
            case "paused":
                paused.add(pool)
            case _:
                backlogs.append(Pool(pool))
    return Rooms(
        {pool: _room(slots.get(pool, 0), in_flight[pool]) for pool in backlogs if pool not in paused}, frozenset(paused)
    )


def _room(slots: int, in_flight: Mapping[int, int]) -> PoolRoom:
    window = max(SMALLEST_WINDOW, CALLS_PER_SLOT * slots)
    return PoolRoom(max(0, window - sum(in_flight.values())), in_flight)
