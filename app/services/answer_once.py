"""Accept a request once: the same `Idempotency-Key` again, within a day, gets the job that it got the first time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, GenerationInProgress
from app.models import IdempotencyRecord, Job
from app.models.database import Database, database_now_s
from app.services.asking import Asking, RequestKey
from app.services.dispatch import call_ready
from app.services.farm import Farm
from app.services.job_facts import facts_of_new
from app.services.job_views import JobView, view_job, view_of
from app.services.quotas import check_job_quotas

KEPT_S = 24 * 3600.0


@dataclass(frozen=True)
class Accepted:
    """`job` is as it is now; `replayed` when the same key had been answered before."""

    job: JobView
    replayed: bool


class IdempotencyMismatch(Conflict):
    """The key came before with another body: 422 in the IETF's draft."""

    code = "IDEMPOTENCY_KEY_REUSED"


def accept_once(farm: Farm, asking: Asking, make: Callable[[Session, float], Job]) -> Accepted:
    """The job that `make(session, now)` stores, together with its idempotency record, in one transaction.

    GenerationInProgress while another job of its subject is live, unless this key was answered with it.
    StorageFull, with nothing stored, while the farm's disks have no room for more.
    Its first steps are called; if the broker is away the answer is the same, and the dispatcher will ring.
    """
    try:
        accepted = _store(farm, asking, make)
    except (IntegrityError, GenerationInProgress):
        # Two requests with one key arrived together and the other was first: it is committed now, so answer from it. Of
        # a live subject too: the live job may be the very one that this key was answered with.
        accepted = _store(farm, asking, make)
    if not accepted.replayed:
        call_ready(farm)
    return accepted


def is_answered(database: Database, org_id: int, route: str, key: str) -> bool:
    """Whether a request with this key has been accepted at this address before, and still counts."""
    with database.read() as session:
        created_at = session.scalar(select(IdempotencyRecord.created_at).where(*_is_record(org_id, route, key)))
        return created_at is not None and created_at >= database_now_s(session) - KEPT_S


def _store(farm: Farm, asking: Asking, make: Callable[[Session, float], Job]) -> Accepted:
    with farm.database.begin() as session:
        now = database_now_s(session)
        answered = _answered(session, asking.org_id, asking.key, now)
        if answered is not None:
            return Accepted(view_job(session, answered, now), replayed=True)
        farm.room.check()
        job = make(session, now)
        check_job_quotas(session, farm.quotas, job, now)
        if asking.key is not None:
            session.add(
                IdempotencyRecord(
                    org_id=asking.org_id,
                    route=asking.key.route,
                    key=asking.key.key,
                    fingerprint=asking.key.fingerprint,
                    answer={"job_id": job.public_id},
                    created_at=now,
                )
            )
        session.flush()
        return Accepted(view_of(job, facts_of_new(session, job), now), replayed=False)


def _answered(session: Session, org_id: int, key: RequestKey | None, now: float) -> Job | None:
    """The job that this key was given for before, if it still counts."""
    if key is None:
        return None
    known = session.execute(
        select(IdempotencyRecord).where(*_is_record(org_id, key.route, key.key))
    ).scalar_one_or_none()
    if known is None:
        return None
    if known.created_at < now - KEPT_S:
        session.delete(known)
        session.flush()
        return None
    if known.fingerprint != key.fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key came with another request before. Use a new one.")
    return session.execute(select(Job).where(Job.public_id == known.answer["job_id"])).scalar_one()


def _is_record(org_id: int, route: str, key: str) -> tuple[ColumnElement[bool], ...]:
    record = IdempotencyRecord
    return record.org_id == org_id, record.route == route, record.key == key
