"""The `webhook_url` of a request: an endpoint of its organisation's, made when it first comes.

All of them are signed with one secret, the organisation's own; it is made with the first.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.ids import new_id
from app.domain.webhook_signature import new_secret
from app.domain.webhook_states import DisabledReason
from app.models import WebhookEndpoint, WebhookOrgSecret
from app.services.farm import Farm
from app.services.sealing import Sealer
from app.services.webhook_health import WELL, note_health
from app.webhooks.target import Guard, TargetRefused

FIELD = "webhook_url"


def check_webhook_url(farm: Farm, url: str | None) -> None:
    """InvalidInput for one that webhooks cannot go to."""
    if url is not None:
        check_url(farm.guard, FIELD, url)


def check_url(guard: Guard, field: str, url: str) -> None:
    """InvalidInput on `field`, in the same words whatever is wrong."""
    try:
        guard.check(url)
    except TargetRefused as refused:
        raise InvalidInput(field, refused.message) from None


def endpoint_of_jobs(session: Session, sealer: Sealer, org_id: int, url: str | None, now: float) -> int | None:
    """The row's id; None without a URL. InvalidInput for one that somebody of the organisation has disabled.

    One that was disabled because it failed, or was taken away, counts again: it was just asked for.
    """
    if url is None:
        return None
    _see_to_a_secret(session, sealer, org_id, now)
    known = (WebhookEndpoint.org_id == org_id, WebhookEndpoint.url == url, WebhookEndpoint.is_for_jobs)
    endpoint = session.scalars(select(WebhookEndpoint).where(*known)).one_or_none()
    if endpoint is None:
        try:
            with session.begin_nested():
                endpoint = WebhookEndpoint(
                    public_id=new_id("whe"),
                    org_id=org_id,
                    url=url,
                    description="",
                    is_for_jobs=True,
                    created_at=now,
                    updated_at=now,
                )
                session.add(endpoint)
        except IntegrityError:
            # Another request with this URL was first; it is committed now.
            endpoint = session.scalars(select(WebhookEndpoint).where(*known)).one()
    if endpoint.deleted_at is None and endpoint.disabled_reason == DisabledReason.ASKED:
        raise InvalidInput(FIELD, "Your organisation has disabled this address. Enable its endpoint first.")
    if endpoint.disabled_at is not None or endpoint.deleted_at is not None:
        endpoint.deleted_at = endpoint.disabled_at = endpoint.disabled_reason = None
        endpoint.updated_at = now
        note_health(endpoint, WELL)
    return endpoint.id


def _see_to_a_secret(session: Session, sealer: Sealer, org_id: int, now: float) -> None:
    if session.get(WebhookOrgSecret, org_id) is not None:
        return
    try:
        with session.begin_nested():
            session.add(WebhookOrgSecret(org_id=org_id, secret=sealer.seal(new_secret()), created_at=now))
    except IntegrityError:
        # Another request was first.
        pass
