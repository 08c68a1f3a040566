"""The WSGI entry: `gunicorn --config python:config.gunicorn workers.web:application`."""

from __future__ import annotations

from dataclasses import replace

from app.api import create_app
from app.bootstrap import build_farm
from app.services.dispatch_soon import SoonDispatch
from config.logging import configure_logging
from config.settings import load_settings
from workers.doorbell import CeleryBell
from workers.turns import Turns, in_turns
from workers.web_body import with_readable_bodies

settings = load_settings()
configure_logging(settings)
farm = build_farm(settings, CeleryBell(settings.broker_url))
application = create_app(replace(farm, dispatching=SoonDispatch(farm)), settings)
application.wsgi_app = in_turns(with_readable_bodies(application.wsgi_app), Turns(settings.web_at_once))  # type: ignore[method-assign]
