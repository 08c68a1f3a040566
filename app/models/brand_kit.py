"""What an organisation's videos have in common: a row for each that has said so."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model


class BrandKit(Model):
    """Colours are `#RRGGBB`; what is None is the template's. Jobs have copies of it, so it may change at any time."""

    __tablename__ = "brand_kits"

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("orgs.id"), primary_key=True, autoincrement=False)
    name: Mapped[str | None]
    ground: Mapped[str | None]
    text: Mapped[str | None]
    accent: Mapped[str | None]
    font: Mapped[str | None]
    logo: Mapped[str | None] = mapped_column(ForeignKey("assets.id"))
    updated_at: Mapped[float]
