"""The steps that wait to be called: who is first among them, read without reading them all."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Select, bindparam, func, select, text
from sqlalchemy.orm import Session, aliased

from app.domain.fair_share import Candidate
from app.domain.states import Pool
from app.models import Step
from app.models.step import IS_UNRUNG


def _heads() -> Select[tuple[int, int, int, str | None]]:
    """The first step of each org in a pool.

    The orgs are found by leaping from one to the next through the index (a loose index scan), so that a backlog of ten
    thousand steps costs no more than one of ten.
    """
    leap, queued = aliased(Step), aliased(Step)
    orgs = select(func.min(Step.org_id).label("org_id")).where(text(IS_UNRUNG), Step.pool == bindparam("of_pool"))
    found = orgs.cte("orgs", recursive=True)
    following = (
        select(func.min(leap.org_id))
        .where(text(IS_UNRUNG), leap.pool == bindparam("of_pool"), leap.org_id > found.c.org_id)
        .scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.org_id.is_not(None)))
    first = (
        select(queued.id)
        .where(text(IS_UNRUNG), queued.pool == bindparam("of_pool"), queued.org_id == found.c.org_id)
        .where(func.coalesce(queued.provider, "").not_in(bindparam("full", expanding=True)))
        .order_by(queued.priority.desc(), queued.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(Step.id, Step.org_id, Step.priority, Step.provider)
        .select_from(found)
        .join(Step, Step.id == first)
        .where(found.c.org_id.is_not(None))
    )


HEADS = _heads()
FIRSTS = (
    select(Step.id, Step.org_id, Step.priority, Step.provider)
    .where(text(IS_UNRUNG), Step.pool == bindparam("of_pool"), Step.org_id == bindparam("of_org"))
    .where(func.coalesce(Step.provider, "").not_in(bindparam("full", expanding=True)))
    .order_by(Step.priority.desc(), Step.id)
    .limit(bindparam("most"))
)


def first_in_line(
    session: Session,
    pool: Pool,
    room: int,
    in_flight: Mapping[int, int],
    org_room: Mapping[int, int],
    full: Collection[str],
) -> list[Candidate]:
    """Candidates among which the next `room` steps of the pool are.

    `in_flight` and `org_room` say how many steps each org has in flight and may have more; the lanes in `full` are
    passed over, for their steps must not hide the ones behind them.
    """
    connection = session.connection()
    where = {"of_pool": pool, "full": list(full)}
    heads = [Candidate(*row) for row in connection.execute(HEADS, where)]
    heads = [head for head in heads if org_room[head.org_id] > 0]
    heads.sort(key=lambda head: (in_flight.get(head.org_id, 0), -head.priority, head.step_id))
    if room == 1:
        return heads[:1]
    # No choice of `room` steps goes past the first `room` orgs: each choice takes the best head there is.
    return [
        Candidate(*row)
        for head in heads[:room]
        for row in connection.execute(
            FIRSTS, {**where, "of_org": head.org_id, "most": min(room, org_room[head.org_id])}
        )
    ]
