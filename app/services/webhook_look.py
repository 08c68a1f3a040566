"""Which endpoints have deliveries that may go now, and which ones: read without reading all that waits.

The endpoints are found by leaping from one to the next through the index of what is pending (a loose index scan), and
each is looked at through its first entry: the ten thousand that wait for a dead one cost as much as one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, not_, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.domain.states import Pool
from app.domain.webhook_turns import AT_ONCE, AT_ONCE_WHILE_FAILING, Room
from app.models import PoolPause, WebhookDelivery, WebhookEndpoint
from app.models.database import now_s
from app.models.webhook import IS_ASKED_FOR, IS_FIRST, IS_PENDING, IS_SENDING
from app.services.pool_pauses import IS_IN_FORCE


def _first_due(condition: str) -> Any:
    """When the first of an endpoint's deliveries that meet the condition is due; None without any."""
    delivery = aliased(WebhookDelivery)
    return (
        select(delivery.next_at)
        .where(text(condition), delivery.endpoint_id == WebhookEndpoint.id)
        .order_by(delivery.next_at)
        .limit(1)
        .correlate(WebhookEndpoint)
        .scalar_subquery()
    )


def _look(*, for_firsts: bool) -> Select[tuple[int]]:
    """The ids of endpoints that have something due, in the order in which they are owed a turn.

    `for_firsts`: first attempts to endpoints that are well, which places are kept for. Else anything, and what somebody
    has asked for goes to endpoints as well that are sent nothing else.
    """
    first, leap, sending = (aliased(WebhookDelivery) for _ in range(3))
    found = select(func.min(first.endpoint_id).label("id")).where(text(IS_PENDING)).cte("found", recursive=True)
    following = (
        select(func.min(leap.endpoint_id)).where(text(IS_PENDING), leap.endpoint_id > found.c.id).scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    busy = (
        select(sending.endpoint_id, func.count().label("count"))
        .where(text(IS_SENDING))
        .group_by(sending.endpoint_id)
        .cte("busy")
    )
    endpoint = WebhookEndpoint
    of_org = (
        select(endpoint.org_id, func.sum(busy.c.count).label("count"))
        .join(busy, busy.c.endpoint_id == endpoint.id)
        .group_by(endpoint.org_id)
        .cte("busy_of_org")
    )
    is_troubled = or_(endpoint.failing_since.is_not(None), endpoint.open_until.is_not(None))
    in_flight = func.coalesce(busy.c.count, 0)
    due_at = _first_due(IS_FIRST if for_firsts else IS_PENDING)
    is_due: ColumnElement[bool] = and_(
        endpoint.disabled_at.is_(None), func.coalesce(endpoint.open_until, 0) <= now_s(), due_at <= now_s()
    )
    is_due = and_(is_due, not_(is_troubled)) if for_firsts else or_(is_due, _first_due(IS_ASKED_FOR) <= now_s())
    may_go = (
        select(endpoint.id, endpoint.org_id, due_at.label("due_at"), in_flight.label("in_flight"))
        .select_from(found)
        .join(endpoint, endpoint.id == found.c.id)
        .outerjoin(busy, busy.c.endpoint_id == endpoint.id)
        .where(
            # Asked once: nothing is looked at while the pool is paused.
            not_(exists().where(PoolPause.pool == Pool.HOOKS, IS_IN_FORCE)),
            endpoint.deleted_at.is_(None),
            endpoint.org_id.not_in(bindparam("full_orgs", expanding=True)),
            func.coalesce(endpoint.free_at, 0) <= now_s(),
            or_(in_flight < AT_ONCE_WHILE_FAILING, and_(in_flight < AT_ONCE, not_(is_troubled))),
            is_due,
        )
        .subquery()
    )
    # What has fewer on the way goes first, of an organisation as of its endpoints; among equals who has waited longer.
    turn = func.row_number().over(partition_by=may_go.c.org_id, order_by=(may_go.c.in_flight, may_go.c.due_at))
    return (
        select(may_go.c.id)
        .outerjoin(of_org, of_org.c.org_id == may_go.c.org_id)
        .order_by(func.coalesce(of_org.c.count, 0) + turn, may_go.c.due_at)
        .limit(bindparam("most"))
    )


LOOK = _look(for_firsts=False)
LOOK_FOR_FIRSTS = _look(for_firsts=True)


def endpoints_in_line(session: Session, room: Room) -> list[int]:
    """The endpoints that have something that may go now and that there is room for, whoever is owed most first."""
    look = LOOK if room.general else LOOK_FOR_FIRSTS
    asked = {"full_orgs": room.full_orgs, "most": room.total}
    return list(session.connection().execute(look, asked).scalars())


@dataclass(frozen=True)
class Heads:
    """The ids of an endpoint's deliveries that are due, a few of each kind, and how many are on their way."""

    due: tuple[int, ...]
    due_firsts: tuple[int, ...]
    asked_for: tuple[int, ...]
    in_flight: int


def _nth_due(condition: str, place: int) -> Any:
    delivery = aliased(WebhookDelivery)
    return (
        select(delivery.id)
        .where(text(condition), delivery.endpoint_id == WebhookEndpoint.id, delivery.next_at <= bindparam("of_now"))
        .order_by(delivery.next_at)
        .limit(1)
        .offset(place)
        .correlate(WebhookEndpoint)
        .scalar_subquery()
    )


SENDING = aliased(WebhookDelivery)
HEADS = select(
    WebhookEndpoint.id,
    select(func.count())
    .select_from(SENDING)
    .where(text(IS_SENDING), SENDING.endpoint_id == WebhookEndpoint.id)
    .correlate(WebhookEndpoint)
    .scalar_subquery(),
    *(_nth_due(condition, place) for condition in (IS_PENDING, IS_FIRST, IS_ASKED_FOR) for place in range(AT_ONCE)),
).where(WebhookEndpoint.id.in_(bindparam("of_endpoints", expanding=True)))


def heads_of(session: Session, endpoint_ids: Collection[int], now: float) -> dict[int, Heads]:
    """By endpoint; what is due at epoch second `now`."""
    asked = {"of_endpoints": list(endpoint_ids), "of_now": now}
    heads = {}
    for endpoint_id, in_flight, *ids in session.connection().execute(HEADS, asked):
        due, firsts, asked_for = (
            tuple(one for one in ids[place : place + AT_ONCE] if one) for place in range(0, 3 * AT_ONCE, AT_ONCE)
        )
        heads[endpoint_id] = Heads(due, firsts, asked_for, in_flight)
    return heads
