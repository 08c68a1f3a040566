"""The Flask application, put together."""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import app as product
from app.api import (
    acceptance,
    admin,
    assets,
    audit_log,
    auth,
    brand_kit,
    bulk,
    cors,
    downloads,
    errors,
    estimate,
    events,
    facts,
    health,
    jobs,
    keys,
    limits,
    openapi,
    org_events,
    pages,
    policy,
    rate,
    requests,
    session,
    sign_in_page,
    templates,
    uploads,
    users,
    videos,
    voices,
)
from app.api.bodies import MAX_JSON_BYTES, StrictRequest, refuse_compression, refuse_nul, sweep_uploads
from app.api.body_clock import BodyClock, hold_bodies
from app.api.cookies import session_cookie
from app.api.org_watch import OrgWatch
from app.api.streams import Streams
from app.api.watch import Watch
from app.bootstrap import build_rates
from app.domain.signatures import Signer
from app.models import db
from app.services.api_keys import accept_configured_key, ensure_local_key
from app.services.farm import Farm
from app.services.farm_secret import farm_secret
from config.settings import Settings

WEB = Path(product.__file__).with_name("web")


def create_app(farm: Farm, settings: Settings) -> Flask:
    """The API of `farm`. Makes the local key when there is none, so that it stands before the first answer."""
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
    api.json.sort_keys = False  # type: ignore[attr-defined]
    api.json.ensure_ascii = False  # type: ignore[attr-defined]
    api.url_map.strict_slashes = False
    api.config["MAX_CONTENT_LENGTH"] = MAX_JSON_BYTES
    api.config["SQLALCHEMY_DATABASE_URI"] = farm.database.url
    api.extensions["farm"] = farm
    streams = api.extensions["streams"] = Streams()
    api.extensions["watch"] = Watch(farm.database, lambda: streams.is_closing())
    api.extensions["org_watch"] = OrgWatch(farm.database, lambda: streams.is_closing())
    api.extensions["signer"] = Signer(farm_secret(settings.secret, settings.secret_file), settings.download_ttl_s)
    api.extensions["uploads"] = settings.work_dir / "uploads"
    api.extensions["max_upload_bytes"] = settings.max_upload_bytes
    api.extensions["admin_users"] = settings.admin_users
    api.extensions["session_cookie"] = session_cookie(settings)
    if settings.trusted_proxies:
        # Each of them adds the address that it was called from; what stands before those anyone may have written.
        proxied = ProxyFix(api.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0)
        api.wsgi_app = proxied  # type: ignore[method-assign]
    db.init_app(api)
    requests.follow_requests(api)
    hold_bodies(api, BodyClock(settings.body_stall_s, settings.max_upload_bytes))
    cors.allow_origins(api, settings.cors_origins)
    api.before_request(refuse_nul)
    api.before_request(refuse_compression)
    api.before_request(auth.know_caller)
    api.before_request(acceptance.check_idempotency_key)
    errors.answer_errors(api)
    for blueprint in (
        videos.videos,
        estimate.estimates,
        jobs.jobs,
        bulk.bulk,
        admin.admin,
        events.events,
        org_events.org_events,
        downloads.downloads,
        uploads.uploads,
        assets.assets,
        voices.voices,
        templates.templates,
        brand_kit.brand_kit,
        audit_log.audit_log,
        keys.keys,
        users.users,
        session.session,
        limits.limits,
        health.health,
        pages.pages,
        sign_in_page.sign_in_page,
    ):
        api.register_blueprint(blueprint)
    openapi.describe(api)
    policy.enforce_policy(api)
    facts.check_facts(api)
    rate.limit_rates(api, build_rates(settings, farm.database))
    sweep_uploads(settings.work_dir / "uploads")
    ensure_local_key(farm.database, settings.local_key_file)
    accept_configured_key(farm.database, settings.api_key)
    return api
