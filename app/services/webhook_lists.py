"""Pages of an organisation's webhooks, newest first, by keyset: its endpoints, its messages, its attempts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.webhook_states import DeliveryStatus
from app.models import Job, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.services.job_lists import SHOWN_WITHIN_S
from app.services.keyset import Cut, Page, cut_out, page_of, place_of
from app.services.webhook_views import (
    AttemptStatus,
    AttemptView,
    EndpointStatus,
    EndpointView,
    MessageView,
    WholeMessage,
    find_message,
    view_attempt,
    view_endpoints,
    view_message,
    view_messages,
)

ENDPOINTS_NEWEST_FIRST = (WebhookEndpoint.created_at, WebhookEndpoint.id)
MESSAGES_NEWEST_FIRST = (WebhookMessage.created_at, WebhookMessage.id)
ATTEMPTS_NEWEST_FIRST = (WebhookAttempt.at, WebhookAttempt.id)


@dataclass(frozen=True)
class EndpointFilter:
    """All that is given must hold. `for_jobs`: those that a `webhook_url` brought, or those that people made."""

    for_jobs: bool = False
    status: EndpointStatus | None = None


@dataclass(frozen=True)
class MessageFilter:
    """All that is given must hold: `status` of a delivery, to the endpoint if that is given too. Public ids.

    Times are epoch seconds, `since` included and `until` not.
    """

    type: str | None = None
    status: DeliveryStatus | None = None
    endpoint_id: str | None = None
    job_id: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class AttemptFilter:
    """All that is given must hold."""

    type: str | None = None
    status: AttemptStatus | None = None
    endpoint_id: str | None = None
    since: float | None = None
    until: float | None = None


def list_endpoints(database: Database, org_id: int, cut: Cut, wanted: EndpointFilter) -> Page[EndpointView]:
    """None that was deleted. RequestError for a cursor that is not one of the org's endpoints."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.org_id == org_id,
        WebhookEndpoint.deleted_at.is_(None),
        WebhookEndpoint.is_for_jobs.is_(wanted.for_jobs),
    )
    if wanted.status is not None:
        is_enabled = WebhookEndpoint.disabled_at.is_(None)
        query = query.where(is_enabled if wanted.status == EndpointStatus.ENABLED else ~is_enabled)

    # One that was deleted while somebody turns the pages still says where they were.
    def is_row(cursor: str) -> ColumnElement[bool]:
        return and_(WebhookEndpoint.public_id == cursor, WebhookEndpoint.org_id == org_id)

    with database.read() as session:
        place = place_of(session, ENDPOINTS_NEWEST_FIRST, cut, is_row, "webhook endpoints")
        page = page_of(session.scalars(cut_out(query, ENDPOINTS_NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(view_endpoints(session, page.items, database_now_s(session))), page.has_more)


def list_messages(database: Database, org_id: int, cut: Cut, wanted: MessageFilter) -> Page[MessageView]:
    """RequestError for a cursor that is not one of the org's messages."""
    query = select(WebhookMessage).where(WebhookMessage.org_id == org_id, *_conditions(wanted))

    def is_row(cursor: str) -> ColumnElement[bool]:
        return and_(WebhookMessage.public_id == cursor, WebhookMessage.org_id == org_id)

    with database.read() as session:
        place = place_of(session, MESSAGES_NEWEST_FIRST, cut, is_row, "webhook messages")
        page = page_of(session.scalars(cut_out(query, MESSAGES_NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(view_messages(session, page.items)), page.has_more)


def get_message(database: Database, org_id: int, message_id: str) -> WholeMessage:
    """NotFound for another's as for one that never was."""
    with database.read() as session:
        return view_message(session, find_message(session, org_id, message_id))


def list_attempts(database: Database, org_id: int, cut: Cut, wanted: AttemptFilter) -> Page[AttemptView]:
    """At any message of the org. RequestError for a cursor that is not one of its attempts."""
    return _attempts(database, org_id, cut, None, wanted)


def list_attempts_at(database: Database, org_id: int, message_id: str, cut: Cut) -> Page[AttemptView]:
    """At one message, whichever endpoint they went to. NotFound as `get_message`."""
    return _attempts(database, org_id, cut, message_id, AttemptFilter())


def _attempts(
    database: Database, org_id: int, cut: Cut, message_id: str | None, wanted: AttemptFilter
) -> Page[AttemptView]:
    query = (
        select(WebhookAttempt, WebhookMessage.public_id, WebhookEndpoint.public_id, WebhookMessage.type)
        .join(WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookAttempt.endpoint_id)
        .where(WebhookAttempt.org_id == org_id, *_between(WebhookAttempt.at, wanted.since, wanted.until))
    )
    if wanted.type is not None:
        query = query.where(WebhookMessage.type == wanted.type)
    if wanted.status is not None:
        succeeded = WebhookAttempt.error.is_(None)
        query = query.where(succeeded if wanted.status == AttemptStatus.SUCCEEDED else ~succeeded)
    if wanted.endpoint_id is not None:
        query = query.where(WebhookEndpoint.public_id == wanted.endpoint_id)

    def is_row(cursor: str) -> ColumnElement[bool]:
        return and_(WebhookAttempt.public_id == cursor, WebhookAttempt.org_id == org_id)

    with database.read() as session:
        if message_id is not None:
            query = query.where(WebhookDelivery.message_id == find_message(session, org_id, message_id).id)
        place = place_of(session, ATTEMPTS_NEWEST_FIRST, cut, is_row, "webhook attempts")
        page = page_of(session.execute(cut_out(query, ATTEMPTS_NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(view_attempt(*row) for row in page.items), page.has_more)


def _conditions(wanted: MessageFilter) -> Iterator[ColumnElement[bool]]:
    yield from _between(WebhookMessage.created_at, wanted.since, wanted.until)
    if wanted.type is not None:
        yield WebhookMessage.type == wanted.type
    if wanted.job_id is not None:
        yield WebhookMessage.job_id == select(Job.id).where(Job.public_id == wanted.job_id).scalar_subquery()
    if wanted.status is not None or wanted.endpoint_id is not None:
        delivery = exists().where(WebhookDelivery.message_id == WebhookMessage.id)
        if wanted.status is not None:
            delivery = delivery.where(WebhookDelivery.status == wanted.status)
        if wanted.endpoint_id is not None:
            named = select(WebhookEndpoint.id).where(WebhookEndpoint.public_id == wanted.endpoint_id).scalar_subquery()
            delivery = delivery.where(WebhookDelivery.endpoint_id == named)
        yield delivery


def _between(
    at: InstrumentedAttribute[float], since: float | None, until: float | None
) -> Iterator[ColumnElement[bool]]:
    """Within these times, as they are shown."""
    if since is not None:
        yield at >= since - SHOWN_WITHIN_S
    if until is not None:
        yield at < until - SHOWN_WITHIN_S
