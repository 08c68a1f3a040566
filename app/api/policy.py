"""What each route asks of its caller. A route without a line here stops the API from starting."""

from __future__ import annotations

from flask import Flask, request

from app.api.context import current_caller
from app.domain.access import Access, Scope
from app.services.caller import check_access

PUBLIC = Access(is_public=True)
ANY_CALLER = Access()
READS = Access(Scope.JOBS_READ)
FETCHES = Access(Scope.JOBS_READ, is_signable=True)
WRITES = Access(Scope.JOBS_WRITE)
GENERATES = Access(Scope.JOBS_WRITE, generates=True)
UPLOADS = Access(Scope.ASSETS_WRITE)
NOTIFIES = Access(Scope.WEBHOOKS_MANAGE)
ADMINISTERS = Access(Scope.ADMIN)
OPERATES = Access(Scope.ADMIN, is_for_operators=True)

POLICY: dict[str, Access] = {
    # Videos and jobs
    "videos.submit": GENERATES,
    "videos.edit": GENERATES,
    "estimates.estimate": WRITES,
    "jobs.index": READS,
    "jobs.show": READS,
    "jobs.steps": READS,
    "jobs.retry": GENERATES,
    "jobs.restart": GENERATES,
    "jobs.cancel": WRITES,
    "bulk.cancel": WRITES,
    "bulk.retry": GENERATES,
    "bulk.force_stop": ADMINISTERS,
    "events.follow": READS,
    "org_events.follow": READS,
    "downloads.fetch": FETCHES,
    # What videos are made of
    "uploads.store": UPLOADS,
    "assets.index": READS,
    "assets.show": READS,
    "assets.remove": UPLOADS,
    "voices.index": ANY_CALLER,
    "templates.index": ANY_CALLER,
    "templates.show": ANY_CALLER,
    "brand_kit.show": READS,
    "brand_kit.put": UPLOADS,
    "brand_kit.remove": UPLOADS,
    # Who is told what
    "webhook_endpoints.index": NOTIFIES,
    "webhook_endpoints.make": NOTIFIES,
    "webhook_endpoints.show": NOTIFIES,
    "webhook_endpoints.change": NOTIFIES,
    "webhook_endpoints.remove": NOTIFIES,
    "webhook_secrets.rotate": NOTIFIES,
    "webhook_secrets.show_org": NOTIFIES,
    "webhook_secrets.rotate_org": NOTIFIES,
    "webhook_messages.index": NOTIFIES,
    "webhook_messages.show": NOTIFIES,
    "webhook_messages.attempts": NOTIFIES,
    "webhook_messages.all_attempts": NOTIFIES,
    "webhook_manual.test": NOTIFIES,
    "webhook_manual.recover_failed": NOTIFIES,
    "webhook_manual.replay": NOTIFIES,
    "webhook_manual.send_again": NOTIFIES,
    "webhook_event_types.index": ANY_CALLER,
    # Who did what
    "audit_log.index": ADMINISTERS,
    # The organisation
    "keys.index": ADMINISTERS,
    "keys.make": ADMINISTERS,
    "keys.rotate": ADMINISTERS,
    "keys.revoke": ADMINISTERS,
    "users.index": ADMINISTERS,
    "users.make": ADMINISTERS,
    "users.change": ADMINISTERS,
    "session.show": ANY_CALLER,
    "session.end": ANY_CALLER,
    "session.change_password": ANY_CALLER,
    "limits.show": ANY_CALLER,
    # The farm
    "admin.status": OPERATES,
    "admin.pools": OPERATES,
    "admin.pause": OPERATES,
    "admin.resume": OPERATES,
    "admin.workers": OPERATES,
    "admin.drain": OPERATES,
    "admin.stuck": OPERATES,
    "admin.canary": OPERATES,
    "limits.show_org": OPERATES,
    "limits.put_org": OPERATES,
    # For everyone
    "session.begin": PUBLIC,
    "health.healthz": PUBLIC,
    "health.readyz": PUBLIC,
    "pages.home": PUBLIC,
    "pages.docs": PUBLIC,
    "sign_in_page.show": PUBLIC,
    "sign_in_page.enter": PUBLIC,
    "sign_in_page.leave": PUBLIC,
    "sign_in_page.change_password": PUBLIC,
    "static": PUBLIC,
    "openapi.spec": PUBLIC,
}


def check_policy(api: Flask) -> None:
    """ValueError when a route has no line, or a line no route."""
    served = {rule.endpoint for rule in api.url_map.iter_rules()}
    if served != set(POLICY):
        raise ValueError(f"routes and app.api.policy differ in: {', '.join(sorted(served ^ set(POLICY)))}")


def require_access() -> None:
    """Before a view: raise Forbidden unless the caller, who is known by now, may do this."""
    access = ANY_CALLER if request.endpoint is None else POLICY[request.endpoint]
    if request.endpoint is not None and not access.is_public:
        check_access(current_caller(), access)
