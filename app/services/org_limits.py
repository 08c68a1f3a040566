"""An organisation's limits: what it may use and what it uses, and how operators give it others than the farm's."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import NotFound
from app.domain.quotas import Quotas, Usage
from app.models import Org, OrgLimits
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.quotas import quotas_of, usage_of

log = structlog.get_logger()


@dataclass(frozen=True)
class QuotaView:
    """`now`: when this was so, in epoch seconds."""

    quotas: Quotas
    usage: Usage
    now: float


@dataclass(frozen=True)
class OwnLimits:
    """What an organisation has in the place of the farm's settings; None where those hold."""

    jobs_at_once: int | None = None
    minutes_a_day: float | None = None
    storage_bytes: int | None = None
    requests_a_minute: int | None = None


@dataclass(frozen=True)
class OrgLimitsView:
    org_id: int
    org: str
    own: OwnLimits
    held_to: QuotaView


def view_quotas(database: Database, farm_quotas: Quotas, org_id: int) -> QuotaView:
    with database.read() as session:
        return _view(session, farm_quotas, org_id)


def view_org_limits(database: Database, farm_quotas: Quotas, name: str) -> OrgLimitsView:
    """Of the organisation with this name. NotFound when there is none."""
    with database.read() as session:
        org_id = _find_org(session, name)
        return OrgLimitsView(org_id, name, _own(session.get(OrgLimits, org_id)), _view(session, farm_quotas, org_id))


def set_org_limits(database: Database, asking: Asking, name: str, own: OwnLimits) -> int:
    """All of them, in the place of those before; the organisation's id. They hold from the next request on."""
    with database.begin() as session:
        org_id = _find_org(session, name)
        values = vars(own) | {"org_id": org_id, "updated_at": database_now_s(session)}
        before = vars(_own(session.get(OrgLimits, org_id, with_for_update=True)))
        session.merge(OrgLimits(**values))
        note(session, asking, AuditAction.LIMITS_SET, name, before=before, after=vars(own))
    log.info("org_limits_set", org=name, **vars(own))
    return org_id


def _view(session: Session, farm_quotas: Quotas, org_id: int) -> QuotaView:
    now = database_now_s(session)
    return QuotaView(quotas_of(session, farm_quotas, org_id), usage_of(session, org_id, now), now)


def _find_org(session: Session, name: str) -> int:
    org_id = session.scalar(select(Org.id).where(Org.name == name))
    if org_id is None:
        raise NotFound("There is no organisation of this name.")
    return org_id


def _own(row: OrgLimits | None) -> OwnLimits:
    if row is None:
        return OwnLimits()
    return OwnLimits(row.jobs_at_once, row.minutes_a_day, row.storage_bytes, row.requests_a_minute)
