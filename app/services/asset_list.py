"""Uploads as their owners see them again: one, a page of them, and taken away.

A job that was accepted names bytes by their hash and not by the upload, so taking an upload away harms none: what is
under way goes on, and can be retried, restarted and edited later. It can only be used for nothing new. Its bytes stay
and count until `sweep_uploads` finds that nothing needs them.
"""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.errors import Conflict, NotFound
from app.models import Asset, RemovedAsset
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.assets import AssetView, view_asset
from app.services.audit_log import note
from app.services.idempotency import forget_answers
from app.services.keyset import Cut, Page, cut_out, page_of, place_of

NEWEST_FIRST = (Asset.created_at, Asset.id)


def get_asset(database: Database, org_id: int, asset_id: str) -> AssetView:
    """NotFound for another org's upload as for one that never was."""
    with database.read() as session:
        return view_asset(_find(session, org_id, asset_id))


def list_assets(database: Database, org_id: int, cut: Cut, kind: str | None = None) -> Page[AssetView]:
    """A page of them. A cursor that is not one of the org's uploads is a RequestError."""
    query = select(Asset).where(Asset.org_id == org_id)
    if kind is not None:
        query = query.where(Asset.kind == kind)
    with database.read() as session:
        place = place_of(
            session, NEWEST_FIRST, cut, lambda cursor: and_(Asset.id == cursor, Asset.org_id == org_id), "assets"
        )
        page = page_of(session.scalars(cut_out(query, NEWEST_FIRST, cut, place)).all(), cut)
        return Page(tuple(map(view_asset, page.items)), page.has_more)


def delete_asset(database: Database, asking: Asking, asset_id: str) -> None:
    """Conflict while it is the logo of the brand kit, which every new video would look for in vain."""
    try:
        with database.begin() as session:
            asset = _find(session, asking.org_id, asset_id, to_delete=True)
            facts = {"kind": asset.kind, "media_type": asset.media_type, "sha256": asset.sha256}
            note(session, asking, AuditAction.ASSET_DELETED, asset.id, before={**facts, "size_bytes": asset.size_bytes})
            session.add(
                RemovedAsset(
                    id=asset.id,
                    org_id=asset.org_id,
                    sha256=asset.sha256,
                    size_bytes=asset.size_bytes,
                    created_at=asset.created_at,
                    removed_at=database_now_s(session),
                )
            )
            session.delete(asset)
            # Whoever sends the upload again wants the file to be there, not the id that it had.
            forget_answers(session, asking.org_id, "POST /api/assets", asset.id)
    except IntegrityError as error:
        # Said by the database, so that a kit that is being set at the same moment counts too.
        raise Conflict("This is the logo of your brand kit. Give the kit another one, or none, first.") from error


def _find(session: Session, org_id: int, asset_id: str, *, to_delete: bool = False) -> Asset:
    query = select(Asset).where(Asset.id == asset_id, Asset.org_id == org_id)
    asset = session.scalars(query.with_for_update() if to_delete else query).one_or_none()
    if asset is None:
        raise NotFound("There is no such asset.")
    return asset
