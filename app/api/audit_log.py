"""`GET /api/audit`: who did what to what in an organisation, for its admins."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.answers import success
from app.api.audit_schemas import AuditEntry, AuditPage, AuditPageAnswer, AuditQuery
from app.api.context import current_caller, current_farm
from app.services.audit_views import list_audit_log

audit_log = APIBlueprint("audit_log", __name__, tag="Audit log")


@audit_log.get("/api/audit")
@audit_log.input(AuditQuery, location="query")
@audit_log.output(AuditPageAnswer)
@audit_log.doc(operation_id="listAuditLog", responses={400: "The cursor is not one of your entries"})
def index(query_data: AuditQuery) -> Response:
    """Read the audit log

    Newest first: each act that changed something in your organisation, whoever did it. What was refused or changed
    nothing has no entry. Entries are never changed and never deleted.
    """
    page = list_audit_log(current_farm().database, current_caller().org_id, query_data.to_cut(), query_data.to_filter())
    return success(AuditPage(items=[AuditEntry(**asdict(entry)) for entry in page.items], has_more=page.has_more))
