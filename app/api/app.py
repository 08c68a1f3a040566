"""The Flask application, put together."""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import app as product
from app.api.admin import admin
from app.api.assets import assets
from app.api.audit_log import audit_log
from app.api.bodies import MAX_JSON_BYTES, StrictRequest, sweep_uploads
from app.api.body_clock import BodyClock
from app.api.brand_kit import brand_kit
from app.api.bulk import bulk
from app.api.downloads import downloads
from app.api.errors import answer_errors
from app.api.estimate import estimates
from app.api.events import events
from app.api.extensions import extend
from app.api.facts import check_facts
from app.api.health import health
from app.api.hooks import register_hooks
from app.api.jobs import jobs
from app.api.keys import keys
from app.api.limits import limits
from app.api.openapi import describe
from app.api.org_events import org_events
from app.api.pages import pages
from app.api.policy import check_policy
from app.api.session import session
from app.api.sign_in_page import sign_in_page
from app.api.templates import templates
from app.api.uploads import uploads
from app.api.users import users
from app.api.videos import videos
from app.api.voices import voices
from app.api.webhook_endpoints import webhook_endpoints
from app.api.webhook_event_types import webhook_event_types
from app.api.webhook_manual import webhook_manual
from app.api.webhook_messages import webhook_messages
from app.api.webhook_secrets import webhook_secrets
from app.bootstrap import build_rates
from app.services.api_keys import accept_configured_key, ensure_local_key
from app.services.farm import Farm
from config.settings import Settings

WEB = Path(product.__file__).with_name("web")
# In the order in which the document has their operations.
BLUEPRINTS = (
    *(videos, estimates, jobs, bulk, admin, events, org_events, downloads),
    *(uploads, assets, voices, templates, brand_kit),
    *(webhook_endpoints, webhook_secrets, webhook_messages, webhook_manual, webhook_event_types),
    *(audit_log, keys, users, session, limits),
    *(health, pages, sign_in_page),
)


def create_app(farm: Farm, settings: Settings) -> Flask:
    """The API of `farm`. Makes the local key when there is none, so that it stands before the first answer."""
    api = _application()
    _trust_proxies(api, settings.trusted_proxies)
    extend(api, farm, settings)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    describe(api)
    check_policy(api)
    check_facts(api)
    answer_errors(api)
    clock = BodyClock(settings.body_stall_s, settings.max_upload_bytes)
    register_hooks(api, clock, settings.cors_origins, build_rates(settings, farm.database))
    sweep_uploads(settings.work_dir / "uploads")
    ensure_local_key(farm.database, settings.local_key_file)
    accept_configured_key(farm.database, settings.api_key)
    return api


def _application() -> APIFlask:
    """An application without a route, which reads and writes as this API does."""
    api = APIFlask(
        "app.api",
        title="Sceneworks",
        version=product.__version__,
        docs_path=None,
        json_errors=False,
        template_folder=str(WEB / "templates"),
        static_folder=str(WEB / "static"),
    )
    api.request_class = StrictRequest
    api.config["MAX_CONTENT_LENGTH"] = MAX_JSON_BYTES
    api.json.sort_keys = False  # type: ignore[attr-defined]
    api.json.ensure_ascii = False  # type: ignore[attr-defined]
    api.url_map.strict_slashes = False
    return api


def _trust_proxies(api: Flask, number: int) -> None:
    """Each of them adds the address that it was called from; what stands before those anyone may have written."""
    if number:
        proxied = ProxyFix(api.wsgi_app, x_for=number, x_proto=number, x_host=0)
        api.wsgi_app = proxied  # type: ignore[method-assign]
