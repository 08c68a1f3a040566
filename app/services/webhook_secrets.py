"""What signs webhooks: an endpoint's own secret, or its organisation's for the jobs that brought a `webhook_url`.

After a change the old ones sign along for a day, so that a receiver misses nothing while it is given the new one. More
than one, for who changes a secret again (the answer was lost on its way) has a receiver that knows the oldest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit_actions import ORG_SECRET, AuditAction
from app.domain.errors import Conflict
from app.domain.webhook_signature import new_secret
from app.models import Org, WebhookEndpoint, WebhookOrgSecret
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.farm import Farm
from app.services.sealing import SealBroken, Sealer
from app.services.webhook_views import EndpointView, find_endpoint, view_endpoint

OLD_SIGN_FOR_S = 24 * 3600.0
# Each is one more signature in the header of every message.
MOST_OLD = 3


# Rows with secrets, sealed. `previous_secret` holds all that sign along, the newest first, parted by spaces.
Signing = WebhookEndpoint | WebhookOrgSecret


@dataclass(frozen=True)
class OrgSecretView:
    """Times are epoch seconds; None without a secret, and where no old one signs along."""

    exists: bool = False
    created_at: float | None = None
    old_secret_signs_until: float | None = None


@dataclass(frozen=True)
class MadeEndpoint:
    """`secret` is told this once, with its `whsec_`."""

    view: EndpointView
    secret: str = field(repr=False)


@dataclass(frozen=True)
class MadeOrgSecret:
    view: OrgSecretView
    secret: str = field(repr=False)


def signing_secrets(session: Session, sealer: Sealer, endpoint: WebhookEndpoint, now: float) -> list[str]:
    """What signs what goes to this endpoint at epoch second `now`, the newest first; none for one that has no secret.

    SealBroken where a secret was sealed under another SCENEWORKS_SECRET.
    """
    row: Signing | None = endpoint
    if endpoint.is_for_jobs:
        row = session.get(WebhookOrgSecret, endpoint.org_id)
    return [] if row is None else _in_force(sealer, row, now)


def rotate_endpoint_secret(farm: Farm, asking: Asking, endpoint_id: str, given: str | None = None) -> MadeEndpoint:
    """Another secret, `given` (as `check_secret` reads it) or a new one; the old ones sign along for a day.

    Conflict for an endpoint that was made for a `webhook_url`: its organisation's own secret signs there.
    """
    with farm.database.begin() as session:
        endpoint = find_endpoint(session, asking.org_id, endpoint_id, to_change=True)
        if endpoint.is_for_jobs:
            raise Conflict("Your organisation's own secret signs for this endpoint. Rotate that.")
        now = database_now_s(session)
        secret = given or new_secret()
        _renew(farm.sealer, endpoint, secret, now)
        endpoint.updated_at = now
        told = {"url": endpoint.url, "old_secret_signs_until": endpoint.previous_secret_until}
        note(session, asking, AuditAction.WEBHOOK_SECRET_ROTATED, endpoint.public_id, after=told)
        return MadeEndpoint(view_endpoint(session, endpoint, now), secret)


def rotate_org_secret(farm: Farm, asking: Asking, given: str | None = None) -> MadeOrgSecret:
    """As for an endpoint; the first one where the organisation has none yet."""
    secret = given or new_secret()
    with farm.database.begin() as session:
        # Two first ones at once wait for each other here.
        session.execute(select(Org.id).where(Org.id == asking.org_id).with_for_update(key_share=True))
        now = database_now_s(session)
        row = session.get(WebhookOrgSecret, asking.org_id, with_for_update=True)
        if row is None:
            row = WebhookOrgSecret(org_id=asking.org_id, secret=farm.sealer.seal(secret), created_at=now)
            session.add(row)
        else:
            _renew(farm.sealer, row, secret, now)
            row.created_at = now
        view = _view(row, now)
        told = {"old_secret_signs_until": view.old_secret_signs_until}
        note(session, asking, AuditAction.WEBHOOK_SECRET_ROTATED, ORG_SECRET, after=told)
        return MadeOrgSecret(view, secret)


def view_org_secret(database: Database, org_id: int) -> OrgSecretView:
    with database.read() as session:
        row = session.get(WebhookOrgSecret, org_id)
        return OrgSecretView() if row is None else _view(row, database_now_s(session))


def _renew(sealer: Sealer, row: Signing, secret: str, now: float) -> None:
    try:
        known = _in_force(sealer, row, now)
    except SealBroken:
        # Sealed under another SCENEWORKS_SECRET they sign nothing any more; a new one is the way out of that.
        known = []
    old = [one for one in known if one != secret][:MOST_OLD]
    row.secret = sealer.seal(secret)
    row.previous_secret = sealer.seal(" ".join(old)) if old else None
    row.previous_secret_until = now + OLD_SIGN_FOR_S if old else None


def _in_force(sealer: Sealer, row: Signing, now: float) -> list[str]:
    secrets = [] if row.secret is None else [sealer.open(row.secret)]
    if row.previous_secret is not None and row.previous_secret_until is not None and now < row.previous_secret_until:
        secrets += sealer.open(row.previous_secret).split()
    return secrets


def _view(row: WebhookOrgSecret, now: float) -> OrgSecretView:
    until = row.previous_secret_until
    return OrgSecretView(True, row.created_at, until if until is not None and now < until else None)
