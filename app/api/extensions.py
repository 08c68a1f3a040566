"""What views find in the application (`app.api.context` reads most of it)."""

from __future__ import annotations

from flask import Flask

from app.api.cookies import session_cookie
from app.api.org_watch import OrgWatch
from app.api.streams import Streams
from app.api.watch import Watch
from app.domain.signatures import Signer
from app.models import db
from app.services.farm import Farm
from app.services.farm_secret import farm_secret
from config.settings import Settings


def extend(api: Flask, farm: Farm, settings: Settings) -> None:
    """Give the application its farm, and what of the settings a view needs."""
    api.extensions["farm"] = farm
    api.extensions["signer"] = Signer(farm_secret(settings.secret, settings.secret_file), settings.download_ttl_s)
    api.extensions["admin_users"] = settings.admin_users
    api.extensions["session_cookie"] = session_cookie(settings)
    api.extensions["uploads"] = settings.work_dir / "uploads"
    api.extensions["max_upload_bytes"] = settings.max_upload_bytes
    streams = api.extensions["streams"] = Streams()
    # Asked each time: the web server sets `is_closing` after this.
    api.extensions["watch"] = Watch(farm.database, lambda: streams.is_closing())
    api.extensions["org_watch"] = OrgWatch(farm.database, lambda: streams.is_closing())
    # Lent the farm's own engine, so after the farm.
    api.config["SQLALCHEMY_DATABASE_URI"] = farm.database.url
    db.init_app(api)
