"""The brand kit that an organisation has now, if any."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.domain.look import Brand
from app.domain.typeface import Typeface
from app.models import BrandKit


def brand_of(session: Session, org_id: int) -> Brand | None:
    """The kit as it is now."""
    kit = session.get(BrandKit, org_id)
    if kit is None:
        return None
    font = None if kit.font is None else Typeface(kit.font)
    return Brand(kit.name, kit.ground, kit.text, kit.accent, font, kit.logo)
