"""Answer a request once: the same `Idempotency-Key` again, within a day, gets what it got the first time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.domain.errors import GenerationInProgress, QuotaExceeded
from app.models import IdempotencyRecord, Job
from app.models.database import Database, database_now_s, first_line, violates
from app.services.asking import Asking, RequestKey
from app.services.dispatch import call_ready
from app.services.farm import Farm
from app.services.idempotency import UNIQUE, add_record, find_record
from app.services.job_facts import facts_of_new
from app.services.job_views import JobView, view_job, view_of
from app.services.keys_at_work import in_flight, lock_key
from app.services.quotas import check_job_quotas
from app.services.webhook_messages import tell_of_new_job
from app.services.webhook_of_budgets import tell_of_refusal

log = structlog.get_logger()

# Whoever answers a request says so again every few seconds. One of whom nothing was heard for longer died with its
# process; the next request with its key does the work. Clients try for a minute (`app.client`).
BEAT_S = 5.0
DEAD_AFTER_S = 20.0
UNANSWERED: dict[str, Any] = {}


@dataclass(frozen=True)
class Accepted:
    """`job` is as it is now; `replayed` when the same key had been answered before."""

    job: JobView
    replayed: bool


@dataclass(frozen=True)
class Answered:
    """`data` is the answer as it was given first, JSON-able; `replayed` when that was before."""

    data: dict[str, Any]
    replayed: bool


def accept_once(farm: Farm, asking: Asking, make: Callable[[Session, float], Job]) -> Accepted:
    """The job that `make(session, now)` stores, together with its idempotency record, in one transaction.

    With nothing stored: GenerationInProgress while another job of its subject is live, unless this key was answered
    with it; StorageFull while the farm's disks have no room for more; QuotaExceeded when the organisation has what it
    may have; RequestInFlight while the same key is being answered.
    Its first steps are called; if the broker is away the answer is the same, and the dispatcher will ring.
    """
    with farm.keys_at_work.alone(asking.org_id, asking.key):
        try:
            accepted = _store(farm, asking, make)
        except QuotaExceeded as refused:
            tell_of_refusal(farm.database, asking.org_id, refused)
            raise
        except GenerationInProgress:
            # The live job may be the very one that this key was answered with meanwhile.
            accepted = _store(farm, asking, make)
        except IntegrityError as error:
            # Any other constraint that a request can run into has its own meaning: told apart here, by its name.
            if not violates(error, UNIQUE):
                raise
            # Another process was first with this key: it is committed now, so answer from it.
            accepted = _store(farm, asking, make)
    if not accepted.replayed:
        call_ready(farm)
    return accepted


def answer_once(farm: Farm, asking: Asking, act: Callable[[], dict[str, Any]], secret: str | None = None) -> Answered:
    """What `act()` answers, which may take many transactions of its own; kept for the next request with this key.

    The field `secret` of it is told once, and kept as None.

    RequestInFlight while the same key is being answered. What `act` raises leaves the key free.
    """
    key = asking.key
    if key is None:
        return Answered(act(), replayed=False)
    known = _reserve(farm, asking.org_id, key)
    if known is not None:
        return Answered(known, replayed=True)
    of_key = (
        IdempotencyRecord.org_id == asking.org_id,
        IdempotencyRecord.route == key.route,
        IdempotencyRecord.key == key.key,
    )
    try:
        with _beating(farm.database, of_key):
            data = act()
    except BaseException:
        with farm.database.begin() as session:
            session.execute(delete(IdempotencyRecord).where(*of_key))
        raise
    kept = data if secret is None else {**data, secret: None}
    with farm.database.begin() as session:
        session.execute(update(IdempotencyRecord).where(*of_key).values(answer={"data": kept}))
    return Answered(data, replayed=False)


@contextmanager
def _beating(database: Database, of_key: Sequence[ColumnElement[bool]]) -> Iterator[None]:
    """Renew the record's time for as long as the block takes."""
    is_done = threading.Event()

    def beat() -> None:
        while not is_done.wait(BEAT_S):
            try:
                with database.begin() as session:
                    now = database_now_s(session)
                    session.execute(update(IdempotencyRecord).where(*of_key).values(created_at=now))
            except SQLAlchemyError as error:
                # The work goes on all the same; the next beat may get through.
                log.warning("request_beat_missed", reason=first_line(error))

    thread = threading.Thread(target=beat, name="answering", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _store(farm: Farm, asking: Asking, make: Callable[[Session, float], Job]) -> Accepted:
    with farm.database.begin() as session:
        now = lock_key(session, asking.org_id, asking.key)
        if asking.key is not None and (record := find_record(session, asking.org_id, asking.key, now)) is not None:
            job = session.execute(select(Job).where(Job.public_id == record.answer["job_id"])).scalar_one()
            return Accepted(view_job(session, job, now), replayed=True)
        farm.room.check()
        job = make(session, now)
        if asking.key is not None:
            add_record(session, asking.org_id, asking.key, {"job_id": job.public_id}, now)
        session.flush()
        facts = facts_of_new(session, job)
        # Last, for what it locks.
        if check_job_quotas(session, farm.quotas, job, now):
            tell_of_new_job(session, job, now)
    return Accepted(view_of(job, facts, now), replayed=False)


def _reserve(farm: Farm, org_id: int, key: RequestKey) -> dict[str, Any] | None:
    """Take the key for a request that begins now; or the answer that it was given before."""
    try:
        with farm.database.begin() as session:
            now = database_now_s(session)
            record = find_record(session, org_id, key, now)
            if record is None:
                add_record(session, org_id, key, UNANSWERED, now)
                return None
            if record.answer != UNANSWERED:
                data: dict[str, Any] = record.answer["data"]
                return data
            # One statement decides who goes on where a process has died: its time is that of the new request.
            taken_over = session.execute(
                update(IdempotencyRecord)
                .where(IdempotencyRecord.id == record.id, IdempotencyRecord.created_at < now - DEAD_AFTER_S)
                .values(created_at=now)
                .returning(IdempotencyRecord.id)
            ).one_or_none()
    except IntegrityError as error:
        if not violates(error, UNIQUE):
            raise
        raise in_flight() from None
    if taken_over is None:
        raise in_flight()
    return None
