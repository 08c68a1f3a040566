"""Write a webhook's message, and who is to get it, in the transaction of the change that it reports.

A crash before the commit leaves neither; after it both are there, and are sent however often it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, text, union_all
from sqlalchemy.orm import Session

from app.domain.ids import new_id
from app.domain.states import JobKind
from app.domain.webhook_body import body_of, time_of
from app.domain.webhook_events import CATALOGUE, DEFAULT_TYPES, OF_JOBS
from app.domain.webhook_states import DeliveryStatus
from app.models import Job, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.webhook import IS_OWN
from app.services.job_views import JobView, view_job
from config.redaction import redact

Json = dict[str, Any]

# Built once: every change of a job that the catalogue names asks it. In two parts, each with an index of its own: who
# sends another `webhook_url` with each request has as many endpoints as jobs, and all but one are of other jobs.
# One that is disabled counts: what it misses is kept for when somebody has it replayed.
_OWN = (WebhookEndpoint.org_id == bindparam("org"), text(IS_OWN), WebhookEndpoint.deleted_at.is_(None))
_IS_OPEN = (WebhookEndpoint.deleted_at.is_(None), WebhookEndpoint.disabled_at.is_(None))
_LISTENER = select(
    WebhookEndpoint.id,
    WebhookEndpoint.event_types,
    WebhookEndpoint.is_for_jobs,
    WebhookEndpoint.disabled_at.is_(None).label("is_enabled"),
)
SUBSCRIBERS = union_all(
    _LISTENER.where(*_OWN),
    _LISTENER.join(Job, Job.webhook_endpoint_id == WebhookEndpoint.id).where(Job.id == bindparam("job"), *_IS_OPEN),
)
# For a statement that runs anyway: whether the organisation `org` has endpoints that may have to be told.
HAS_LISTENERS = exists().where(*_OWN)
ADD_MESSAGE = insert(WebhookMessage).returning(WebhookMessage.id)
ADD_DELIVERIES = insert(WebhookDelivery)


def tell_of_job(
    session: Session, job: Job, type_: str, now: float, happened: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Tell whoever listens what has become of a job, as it stands now; `happened` is what its timeline says of it.

    Nothing at all where nobody listens, for types that the catalogue does not have, and of the farm's own canaries.
    """
    if type_ not in CATALOGUE or job.kind != JobKind.VIDEO:
        return

    def data() -> Json:
        about = data_of(view_job(session, job, now))
        match type_:
            case "step.stuck":
                return {"job": about, "step": happened["step"], "reason": happened["reason"]}
            case "video.waiting":
                wait = {"reason": happened["reason"], "resume_at": time_of(happened["resume_at"])}
                return {**about, "waiting": wait}
            case "video.canceled":
                return {**about, "reason": happened.get("reason")}
        return about

    tell(session, job.org_id, type_, data, now, job_id=job.id)


def tell_of_new_job(session: Session, job: Job, now: float) -> None:
    """Tell whoever listens of a job that was stored in this transaction, and is no object of its session."""
    stored = session.execute(select(Job).where(Job.id == job.id)).scalar_one()
    tell_of_job(session, stored, f"{job.kind}.queued", now)


def tell_about_endpoint(session: Session, endpoint: WebhookEndpoint, type_: str, now: float, **more: Any) -> None:
    """Tell the organisation's other endpoints what has become of this one."""
    about = {"id": endpoint.public_id, "url": endpoint.url, "description": endpoint.description}
    tell(session, endpoint.org_id, type_, lambda: {"endpoint": about, **more}, now, but_not=endpoint.id)


def tell(
    session: Session,
    org_id: int,
    type_: str,
    data: Callable[[], Mapping[str, Any]],
    now: float,
    *,
    job_id: int | None = None,
    but_not: int | None = None,
) -> None:
    """One message for all who listen to its type, and a delivery that is due at once for each that is enabled.

    `data()` is asked for only if there is one. Endpoints that were made for a `webhook_url` are told of their jobs.
    """
    rows = session.connection().execute(SUBSCRIBERS, {"org": org_id, "job": job_id}).all()
    listening = [row for row in rows if row.id != but_not and _listens(type_, row.event_types, row.is_for_jobs)]
    if not listening:
        return
    message_id = _write(session, org_id, type_, data(), now, job_id)
    new = {"org_id": org_id, "message_id": message_id, "status": DeliveryStatus.PENDING, "attempts": 0, "token": 0}
    when = {"next_at": now, "is_manual": False, "created_at": now}
    if deliveries := [{**new, **when, "endpoint_id": row.id} for row in listening if row.is_enabled]:
        session.connection().execute(ADD_DELIVERIES, deliveries)


def write_message(session: Session, org_id: int, type_: str, data: Mapping[str, Any], now: float) -> WebhookMessage:
    """A message that nobody gets as yet."""
    return session.get_one(WebhookMessage, _write(session, org_id, type_, data, now, None))


def _write(session: Session, org_id: int, type_: str, data: Mapping[str, Any], now: float, job_id: int | None) -> int:
    """The row's id."""
    row = {"public_id": new_id("msg"), "org_id": org_id, "type": type_, "body": body_of(type_, data, now)}
    return session.connection().execute(ADD_MESSAGE, {**row, "job_id": job_id, "created_at": now}).scalar_one()


def _listens(type_: str, event_types: list[str] | None, is_for_jobs: bool) -> bool:
    if is_for_jobs:
        return type_ in OF_JOBS
    return type_ in (DEFAULT_TYPES if event_types is None else event_types)


def data_of(job: JobView) -> Json:
    """A job as its organisation knows it. Addresses are paths: a signed one would not last as long as a retry."""
    error = job.error
    parent = job.parent
    return {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "progress": job.progress,
        "title": job.title,
        "subject_id": job.subject_id,
        "metadata": job.labels,
        "parent": None if parent is None else {"id": parent.id, "relation": parent.relation},
        "revision": job.revision,
        "correlation_id": job.correlation_id,
        "created_at": time_of(job.created_at),
        "started_at": time_of(job.started_at),
        "finished_at": time_of(job.finished_at),
        "error": None
        if error is None
        else {"code": error.code, "message": redact(error.message), "retryable": error.retryable},
        "outputs": [
            {
                "name": output.name,
                "media_type": output.media_type,
                "size_bytes": output.size_bytes,
                "sha256": output.sha256,
                "url": f"/api/jobs/{job.id}/artifacts/{output.name}",
            }
            for output in job.outputs
        ],
    }
