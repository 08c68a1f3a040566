"""An organisation's brand kit: kept, shown, taken away, and handed to the jobs that are accepted meanwhile."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy.orm import Session

from app.domain.audit_actions import BRAND_KIT, AuditAction
from app.domain.caption_style import LEAST_CONTRAST, contrast, rgb_of
from app.domain.errors import InvalidInput, NotFound
from app.domain.look import Brand
from app.models import BrandKit
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.brand_of import brand_of
from app.services.check_video import check_letters
from app.services.named_assets import logo_use, resolve_assets


def put_brand_kit(database: Database, asking: Asking, brand: Brand) -> Brand:
    """Keep the kit in the place of the one before. InvalidInput on `colours.text`, `name` or `logo`, nothing stored."""
    if brand.text is not None and brand.ground is not None:
        ratio = contrast(rgb_of(brand.text), rgb_of(brand.ground))
        if ratio < LEAST_CONTRAST:
            raise InvalidInput(
                "colours.text",
                f"Cannot be read on the ground: the contrast is {ratio:.1f} to 1 and must be {LEAST_CONTRAST:g} to 1.",
            )
    if brand.name is not None:
        check_letters([brand.name], "name", "titles", "leave these characters out")
    with database.begin() as session:
        if brand.logo is not None:
            resolve_assets(session, asking.org_id, [logo_use("logo", brand.logo)])
        before = _kit_to_change(session, asking.org_id)
        note(session, asking, AuditAction.BRAND_KIT_SET, BRAND_KIT, before=_told(before), after=asdict(brand))
        # One row an organisation: whoever comes last has it.
        session.merge(BrandKit(org_id=asking.org_id, updated_at=database_now_s(session), **asdict(brand)))
    return brand


def get_brand_kit(database: Database, org_id: int) -> Brand:
    """NotFound when the organisation has none."""
    with database.read() as session:
        brand = brand_of(session, org_id)
    if brand is None:
        raise NotFound("There is no brand kit. PUT /api/brand-kit makes one.")
    return brand


def delete_brand_kit(database: Database, asking: Asking) -> bool:
    """Whether there was one."""
    with database.begin() as session:
        kit = _kit_to_change(session, asking.org_id)
        if kit is not None:
            note(session, asking, AuditAction.BRAND_KIT_DELETED, BRAND_KIT, before=_told(kit))
            session.delete(kit)
    return kit is not None


def _kit_to_change(session: Session, org_id: int) -> BrandKit | None:
    """Locked, so that what the audit log says was there before is what is taken away."""
    return session.get(BrandKit, org_id, with_for_update=True)


def _told(kit: BrandKit | None) -> dict[str, Any] | None:
    return None if kit is None else {field.name: getattr(kit, field.name) for field in fields(Brand)}
