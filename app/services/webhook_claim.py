"""Take the deliveries that go now: who is owed a turn, in one short transaction, under a lease and a token.

Endpoints are locked first and deliveries after them, here and wherever both are written. The lock is the one that
leaves a foreign key alone: whoever writes a new message for the endpoint need not wait for us, nor we for them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, case, select, text, update
from sqlalchemy.orm import Session

from app.domain.webhook_states import DeliveryStatus
from app.domain.webhook_turns import AT_ONCE, AT_ONCE_WHILE_FAILING, Line, Room, allowed_now, choose, next_free_at
from app.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.models.webhook import IS_PENDING
from app.services.sealing import SealBroken, Sealer
from app.services.webhook_look import Heads, endpoints_in_line, heads_of
from app.services.webhook_secrets import signing_secrets

log = structlog.get_logger()

# Twice the deadline of an exchange: what is not told by then is sent again.
LEASE_S = 30.0
# Endpoints whose secrets this process could not read: said once, not at each look.
_said: set[str] = set()


@dataclass(frozen=True)
class Claimed:
    """A delivery that is ours to send, with all that it takes. `message_id` is what the receiver knows it by.

    `attempts` counts this one, unless it `is_manual`. `is_first`: one of those that places are kept for, the first of
    the schedule to an endpoint that is well. `now_s` is the database's clock, by which it is signed: a host whose own
    is wrong would have its messages refused.
    """

    delivery_id: int
    token: int
    org_id: int
    endpoint_id: int
    message_id: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)
    attempts: int
    is_manual: bool
    is_first: bool
    claimed_at: float
    claimed_on: float = field(default_factory=time.monotonic)

    def now_s(self) -> float:
        """Seconds since the epoch."""
        return self.claimed_at + time.monotonic() - self.claimed_on


LOCK = (
    select(WebhookEndpoint)
    .where(WebhookEndpoint.id.in_(bindparam("ids", expanding=True)), WebhookEndpoint.deleted_at.is_(None))
    .with_for_update(key_share=True, skip_locked=True)
)
CLAIM = (
    update(WebhookDelivery)
    .where(WebhookDelivery.id.in_(bindparam("ids", expanding=True)), text(IS_PENDING))
    .values(
        status=DeliveryStatus.SENDING,
        token=WebhookDelivery.token + 1,
        attempts=WebhookDelivery.attempts + case((WebhookDelivery.is_manual, 0), else_=1),
        lease_expires_at=bindparam("until"),
    )
    .returning(
        WebhookDelivery.id,
        WebhookDelivery.token,
        WebhookDelivery.org_id,
        WebhookDelivery.endpoint_id,
        WebhookDelivery.message_id,
        WebhookDelivery.attempts,
        WebhookDelivery.is_manual,
    )
)
BODIES = select(WebhookMessage.id, WebhookMessage.public_id, WebhookMessage.body).where(
    WebhookMessage.id.in_(bindparam("ids", expanding=True))
)


def claim(database: Database, sealer: Sealer, room: Room) -> list[Claimed]:
    """Take as many deliveries as there is room for and as may go now; none while the pool `hooks` is paused."""
    if not room.total:
        return []
    # Looked for outside of any transaction: a farm with nothing to send locks nothing.
    with database.read() as session:
        in_line = endpoints_in_line(session, room)
    if not in_line:
        return []
    with database.begin() as session:
        return _claim_of(session, sealer, room, in_line)


def _claim_of(session: Session, sealer: Sealer, room: Room, in_line: Sequence[int]) -> list[Claimed]:
    now = database_now_s(session)
    endpoints = {endpoint.id: endpoint for endpoint in session.scalars(LOCK, {"ids": list(in_line)})}
    secrets = _secrets_of(session, sealer, endpoints, now)
    ours = [endpoints[id_] for id_ in in_line if id_ in secrets]
    heads = heads_of(session, list(secrets), now)
    chosen = choose([_line(endpoint, heads[endpoint.id], now) for endpoint in ours], room)
    if not chosen:
        return []
    connection = session.connection()
    place = {delivery_id: number for number, delivery_id in enumerate(chosen)}
    rows = sorted(connection.execute(CLAIM, {"ids": chosen, "until": now + LEASE_S}), key=lambda row: place[row.id])
    _use_up(endpoints, rows, now)
    bodies = {row.id: row for row in connection.execute(BODIES, {"ids": list({row.message_id for row in rows})})}
    return [
        Claimed(
            delivery_id=row.id,
            token=row.token,
            org_id=row.org_id,
            endpoint_id=row.endpoint_id,
            message_id=bodies[row.message_id].public_id,
            url=endpoints[row.endpoint_id].url,
            body=bytes(bodies[row.message_id].body),
            secrets=secrets[row.endpoint_id],
            attempts=row.attempts,
            is_manual=row.is_manual,
            is_first=row.attempts == 1 and not row.is_manual and not _is_troubled(endpoints[row.endpoint_id]),
            claimed_at=now,
        )
        for row in rows
    ]


def _secrets_of(
    session: Session, sealer: Sealer, endpoints: Mapping[int, WebhookEndpoint], now: float
) -> dict[int, tuple[str, ...]]:
    """By endpoint. Nothing goes out unsigned: one whose secret this process cannot read is left to another."""
    readable = {}
    for endpoint in endpoints.values():
        try:
            secrets = tuple(signing_secrets(session, sealer, endpoint, now))
        except SealBroken as error:
            _say_once("webhook_secret_unreadable", endpoint, error.message)
            continue
        if secrets:
            readable[endpoint.id] = secrets
        else:
            _say_once("webhook_secret_missing", endpoint, "It has none to sign with.")
    return readable


def _say_once(what: str, endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.public_id not in _said:
        _said.add(endpoint.public_id)
        log.error(what, endpoint=endpoint.public_id, reason=reason)


def _line(endpoint: WebhookEndpoint, heads: Heads, now: float) -> Line:
    """What may go to an endpoint that is locked, and how many at once."""
    is_troubled = _is_troubled(endpoint)
    room = max(0, (AT_ONCE_WHILE_FAILING if is_troubled else AT_ONCE) - heads.in_flight)
    if endpoint.per_minute is not None:
        room = min(room, allowed_now(endpoint.per_minute, endpoint.free_at, now))
    is_open = endpoint.open_until is not None and now < endpoint.open_until
    if endpoint.disabled_at is not None or is_open:
        return Line(endpoint.org_id, heads.asked_for, (), room)
    return Line(endpoint.org_id, heads.due, () if is_troubled else heads.due_firsts, room)


def _is_troubled(endpoint: WebhookEndpoint) -> bool:
    """Whether its last attempt has failed, or its breaker has opened and not closed."""
    return endpoint.failing_since is not None or endpoint.open_until is not None


def _use_up(endpoints: Mapping[int, WebhookEndpoint], rows: Sequence[Row[Any]], now: float) -> None:
    """Note in the throttled endpoints what goes to them."""
    for endpoint_id, sent in Counter(row.endpoint_id for row in rows).items():
        endpoint = endpoints[endpoint_id]
        if endpoint.per_minute is not None:
            endpoint.free_at = next_free_at(endpoint.per_minute, endpoint.free_at, now, sent)
