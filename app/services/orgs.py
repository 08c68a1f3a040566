"""Organisations: made and found by name. Only the farm's own host makes them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, NotFound
from app.models import Org
from app.models.database import Database, database_now_s
from app.services.api_keys import LOCAL_ORG, farms_own_org


@dataclass(frozen=True)
class OrgView:
    id: int
    name: str
    created_at: float


def make_org(database: Database, name: str) -> OrgView:
    """Conflict when the name is taken."""
    try:
        with database.begin() as session:
            org = Org(name=name, created_at=database_now_s(session))
            session.add(org)
            session.flush()
            return OrgView(org.id, org.name, org.created_at)
    except IntegrityError:
        raise Conflict(f"There is an organisation named {name} already.") from None


def list_orgs(database: Database) -> list[OrgView]:
    """All of them, by name."""
    with database.read() as session:
        return [OrgView(org.id, org.name, org.created_at) for org in session.scalars(select(Org).order_by(Org.name))]


def find_org(database: Database, name: str) -> int:
    """Its row's id; NotFound for none. The farm's own is made when the farm has never run."""
    with database.begin() as session:
        if name == LOCAL_ORG:
            return farms_own_org(session, database_now_s(session))
        found = session.scalar(select(Org.id).where(Org.name == name))
    if found is None:
        raise NotFound(f"There is no organisation named {name}.")
    return found


def is_farms_own(session: Session, org_id: int) -> bool:
    return session.scalar(select(Org.name).where(Org.id == org_id)) == LOCAL_ORG
