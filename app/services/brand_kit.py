"""An organisation's brand kit: kept, shown, taken away, and handed to the jobs that are accepted meanwhile."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete

from app.domain.caption_style import LEAST_CONTRAST, contrast, rgb_of
from app.domain.errors import InvalidInput, NotFound
from app.domain.look import Brand
from app.models import BrandKit
from app.models.database import Database, database_now_s
from app.services.brand_of import brand_of
from app.services.submit_video import check_letters, logo_use, resolve_assets


def put_brand_kit(database: Database, org_id: int, brand: Brand) -> Brand:
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
            resolve_assets(session, org_id, [logo_use("logo", brand.logo)])
        # One row an organisation: whoever comes last has it.
        session.merge(BrandKit(org_id=org_id, updated_at=database_now_s(session), **asdict(brand)))
    return brand


def get_brand_kit(database: Database, org_id: int) -> Brand:
    """NotFound when the organisation has none."""
    with database.read() as session:
        brand = brand_of(session, org_id)
    if brand is None:
        raise NotFound("There is no brand kit. PUT /api/brand-kit makes one.")
    return brand


def delete_brand_kit(database: Database, org_id: int) -> bool:
    """Whether there was one."""
    with database.begin() as session:
        found = brand_of(session, org_id) is not None
        session.execute(delete(BrandKit).where(BrandKit.org_id == org_id))
    return found
