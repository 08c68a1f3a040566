"""The endpoints of an organisation: made, changed, disabled and enabled again, taken away.

Where webhooks go is checked when it is said, before any transaction (names are looked up), and again at each send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict
from app.domain.ids import new_id
from app.domain.quotas import check_endpoints
from app.domain.revision import Given
from app.domain.webhook_signature import new_secret
from app.domain.webhook_states import DisabledReason
from app.models import Org, WebhookEndpoint
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.farm import Farm
from app.services.quotas import count_endpoints, quotas_of
from app.services.webhook_health import WELL, disable, note_health
from app.services.webhook_of_jobs import check_url
from app.services.webhook_secrets import MadeEndpoint
from app.services.webhook_views import EndpointView, find_endpoint, view_endpoint


@dataclass(frozen=True)
class NewEndpoint:
    """`event_types` None: all that are on by default. `secret` as `check_secret` reads it; None for a new one."""

    url: str
    description: str = ""
    event_types: Sequence[str] | None = None
    per_minute: int | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EndpointChange:
    """What is None stays as it is."""

    url: str | None = None
    description: str | None = None
    event_types: Given[list[str] | None] | None = None
    per_minute: Given[int | None] | None = None
    is_enabled: bool | None = None


def add_endpoint(farm: Farm, asking: Asking, wanted: NewEndpoint) -> MadeEndpoint:
    """InvalidInput for an address that webhooks may not go to, QuotaExceeded when the organisation has its share."""
    check_url(farm.guard, "url", wanted.url)
    secret = wanted.secret or new_secret()
    with farm.database.begin() as session:
        # Two new ones at once wait for each other here, so that the second is counted with the first.
        session.execute(select(Org.id).where(Org.id == asking.org_id).with_for_update(key_share=True))
        quotas = quotas_of(session, farm.quotas, asking.org_id)
        check_endpoints(quotas, count_endpoints(session, asking.org_id))
        now = database_now_s(session)
        endpoint = WebhookEndpoint(
            public_id=new_id("whe"),
            org_id=asking.org_id,
            url=wanted.url,
            description=wanted.description,
            event_types=None if wanted.event_types is None else list(wanted.event_types),
            per_minute=wanted.per_minute,
            is_for_jobs=False,
            secret=farm.sealer.seal(secret),
            created_at=now,
            updated_at=now,
        )
        session.add(endpoint)
        session.flush()
        note(session, asking, AuditAction.WEBHOOK_ENDPOINT_MADE, endpoint.public_id, after=_told(endpoint))
        return MadeEndpoint(view_endpoint(session, endpoint, now), secret)


def get_endpoint(database: Database, org_id: int, endpoint_id: str) -> EndpointView:
    """NotFound for another's as for one that never was."""
    with database.read() as session:
        return view_endpoint(session, find_endpoint(session, org_id, endpoint_id), database_now_s(session))


def change_endpoint(farm: Farm, asking: Asking, endpoint_id: str, change: EndpointChange) -> EndpointView:
    """Another address, and being enabled again, begin with a clean health. What a disabled one has yet to get fails.

    Conflict for the address or the events of one that was made for a `webhook_url`.
    """
    if change.url is not None:
        check_url(farm.guard, "url", change.url)
    with farm.database.begin() as session:
        endpoint = find_endpoint(session, asking.org_id, endpoint_id, to_change=True)
        now = database_now_s(session)
        before = _told(endpoint)
        if endpoint.is_for_jobs and (change.url is not None or change.event_types is not None):
            raise Conflict("This endpoint was made for the webhook_url of requests: those say where it is.")
        if change.url is not None and change.url != endpoint.url:
            endpoint.url = change.url
            note_health(endpoint, WELL)
        if change.description is not None:
            endpoint.description = change.description
        if change.event_types is not None:
            endpoint.event_types = change.event_types.value
        if change.per_minute is not None:
            endpoint.per_minute = change.per_minute.value
            endpoint.free_at = None
        if change.is_enabled is not None and change.is_enabled != (endpoint.disabled_at is None):
            if change.is_enabled:
                _enable(endpoint)
            else:
                disable(session, endpoint, DisabledReason.ASKED, now)
        after = _told(endpoint)
        if after != before:
            endpoint.updated_at = now
            note(session, asking, AuditAction.WEBHOOK_ENDPOINT_CHANGED, endpoint_id, before=before, after=after)
        session.flush()
        return view_endpoint(session, endpoint, now)


def delete_endpoint(database: Database, asking: Asking, endpoint_id: str) -> None:
    """For good: nothing goes to it any more, its secrets are forgotten, its messages and attempts can still be read."""
    with database.begin() as session:
        endpoint = find_endpoint(session, asking.org_id, endpoint_id, to_change=True)
        now = database_now_s(session)
        note(session, asking, AuditAction.WEBHOOK_ENDPOINT_DELETED, endpoint_id, before=_told(endpoint))
        # Said before: then what was asked for by hand ends too.
        endpoint.deleted_at = now
        disable(session, endpoint, DisabledReason.ASKED, now)
        endpoint.secret = endpoint.previous_secret = endpoint.previous_secret_until = None


def _enable(endpoint: WebhookEndpoint) -> None:
    endpoint.disabled_at = endpoint.disabled_reason = None
    note_health(endpoint, WELL)


def _told(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the audit log says of an endpoint."""
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": endpoint.event_types,
        "per_minute": endpoint.per_minute,
        "enabled": endpoint.disabled_at is None,
    }
