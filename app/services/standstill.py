"""Which pools stand still: what one dispatcher has seen of them, look after look."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.flow_limits import FlowLimits
from app.domain.states import STEP_POOLS, Pool, StepStatus
from app.domain.stuck import PoolSight, StepMark, Watch, watch_pool
from app.models import Step, Worker
from app.models.database import now_s
from app.models.step import IS_IN_FLIGHT, IS_LEASED
from app.services.backlog import HEADS
from app.services.pool_pauses import paused_pools
from app.services.pool_rooms import WORKER_SEEN_WITHIN_S

# Of the heads of the orgs' lines, and again of the steps that are called already.
SAMPLE = 24


@dataclass(frozen=True)
class Stillness:
    """`standing` are the pools that stand still; of those `in_doubt` this process cannot say yet whether they do."""

    standing: frozenset[str]
    in_doubt: frozenset[str]


class Standstill:
    """The memory of one process, by pool. Each dispatcher has its own, and trusts no look but its own."""

    def __init__(self) -> None:
        self.watches: dict[str, Watch] = {}

    def look(self, session: Session, now: float, limits: FlowLimits) -> Stillness:
        """Look at each pool at the time `now` (epoch seconds, by the database's clock)."""
        watches: dict[str, Watch] = {}
        for pool, last_start in _idle_pools(session).items():
            before = self.watches.get(pool)
            sight = PoolSight(
                now=now,
                sample=_sample(session, pool, limits),
                still_ready=frozenset() if before is None else _still_ready(session, before.sample),
                last_start=last_start,
            )
            watch = watch_pool(before, sight)
            if watch is not None:
                watches[pool] = watch
        self.watches = watches
        standing = frozenset(pool for pool, watch in watches.items() if watch.stands_still)
        moving = frozenset(pool for pool, watch in watches.items() if watch.has_just_moved)
        return Stillness(standing, frozenset(watches) - standing - moving)


def _idle_pools(session: Session) -> dict[Pool, float | None]:
    """Pools that are not paused and whose workers have free slots; when the latest step that runs there began."""
    slots = session.execute(
        select(Worker.pool, func.sum(Worker.slots))
        .where(
            Worker.pool.in_(STEP_POOLS),
            Worker.beat_at > now_s() - WORKER_SEEN_WITHIN_S,
            Worker.draining_at.is_(None),
        )
        .group_by(Worker.pool)
    ).tuples()
    leased = session.execute(
        select(Step.pool, func.count(), func.max(Step.started_at)).where(text(IS_LEASED)).group_by(Step.pool)
    ).tuples()
    running = {pool: (count, last_start) for pool, count, last_start in leased}
    paused = paused_pools(session)
    return {
        Pool(pool): running.get(pool, (0, None))[1]
        for pool, count in slots
        if pool not in paused and count > running.get(pool, (0, None))[0]
    }


def _sample(session: Session, pool: Pool, limits: FlowLimits) -> frozenset[StepMark]:
    """Some of the ready steps that should begin next; none that a limit may hold back, for they prove nothing."""
    if limits.org_concurrency is not None:
        return frozenset()
    held = list(limits.concurrency)
    heads = session.connection().execute(HEADS, {"of_pool": pool, "full": held}).all()
    firsts = [step_id for step_id, *_ in sorted(heads, key=lambda head: (-head.priority, head.id))[:SAMPLE]]
    called = session.scalars(
        select(Step.id)
        .where(text(IS_IN_FLIGHT), Step.pool == pool, Step.status == StepStatus.READY)
        .where(func.coalesce(Step.provider, "").not_in(held))
        .order_by(Step.rung_at)
        .limit(SAMPLE)
    )
    return _marks(session, [*firsts, *called])


def _marks(session: Session, step_ids: Collection[int]) -> frozenset[StepMark]:
    ready = select(Step.id, Step.token).where(Step.id.in_(step_ids), Step.status == StepStatus.READY)
    return frozenset(session.execute(ready).tuples())


def _still_ready(session: Session, sample: frozenset[StepMark]) -> frozenset[StepMark]:
    return sample & _marks(session, [step_id for step_id, _ in sample])
