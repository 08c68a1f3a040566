"""The heartbeat keeps leases alive and tells a step when its lease is lost."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, update

from app.domain.errors import LeaseLost
from app.domain.plan import StepPlan
from app.domain.states import Pool
from app.models import Job, Step
from app.models.database import Database, now_s
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.claim_step import Claim
from app.services.leases import LeaseKey
from tests.farms import claim, make_job, make_org
from tests.waiting import wait_for
from workers.heartbeat import LeaseHeartbeat, Patience

TTL_S = 1.0


@pytest.fixture
def claimed(database: Database) -> Claim:
    make_job(database, make_org(database), [StepPlan("a", "video.clip", Pool.CPU)])
    with database.read() as session:
        step_id = session.scalar(select(Step.id))
    return claim(database, step_id, ttl_s=TTL_S)


def expiry(database: Database) -> float:
    with database.read() as session:
        return session.scalar(select(Step.lease_expires_at)) or 0.0


def test_a_held_lease_is_extended_and_its_progress_is_noted(database: Database, claimed: Claim) -> None:
    first = expiry(database)
    with LeaseHeartbeat(database, TTL_S).hold(LeaseKey(claimed.step_id, claimed.token)) as lease:
        lease.report(0.25)
        wait_for(lambda: expiry(database) > first + TTL_S, what="two leases' worth of beats")
    with database.read() as session:
        assert session.scalar(select(Step.progress)) == 0.25


def test_a_canceled_step_is_told_at_its_next_report(database: Database, claimed: Claim) -> None:
    with database.read() as session:
        job = session.execute(select(Job)).scalar_one()
    with LeaseHeartbeat(database, TTL_S).hold(LeaseKey(claimed.step_id, claimed.token)) as lease:
        cancel_job(database, Asking(job.org_id, "cancel"), job.public_id)
        wait_for(lease.lost.is_set)
        with pytest.raises(LeaseLost):
            lease.report(0.5)


@pytest.mark.parametrize("canceled", [False, True])
def test_a_step_that_hangs_is_told_to_its_process(database: Database, claimed: Claim, canceled: bool) -> None:
    hung = threading.Event()
    # A wanted step may be silent for longer than one that is not.
    patience = Patience(silent_s=60.0, lost_s=0.5) if canceled else Patience(silent_s=0.5, lost_s=60.0)
    beats = LeaseHeartbeat(database, TTL_S, on_hung=hung.set, patience=patience)
    with beats.hold(LeaseKey(claimed.step_id, claimed.token)):
        if canceled:
            with database.read() as session:
                job = session.execute(select(Job)).scalar_one()
            cancel_job(database, Asking(job.org_id, "cancel"), job.public_id)
        wait_for(hung.is_set, what="the end of its patience")


def test_a_step_that_reports_does_not_hang(database: Database, claimed: Claim) -> None:
    hung = threading.Event()
    beats = LeaseHeartbeat(database, TTL_S, on_hung=hung.set, patience=Patience(silent_s=2 * TTL_S))
    with beats.hold(LeaseKey(claimed.step_id, claimed.token)) as lease:
        began_s = time.monotonic()

        def has_worked_on() -> bool:
            lease.report(0.5)
            return time.monotonic() > began_s + 4 * TTL_S

        wait_for(has_worked_on, every_s=0.05)
    assert not hung.is_set()


def test_a_lease_taken_by_another_worker_is_lost(database: Database, claimed: Claim) -> None:
    with LeaseHeartbeat(database, TTL_S).hold(LeaseKey(claimed.step_id, claimed.token)) as lease:
        with database.begin() as session:
            session.execute(update(Step).values(token=Step.token + 1, lease_expires_at=now_s() + 60))
        wait_for(lease.lost.is_set)


def test_progress_never_goes_back(database: Database, claimed: Claim) -> None:
    with LeaseHeartbeat(database, TTL_S).hold(LeaseKey(claimed.step_id, claimed.token)) as lease:
        lease.report(0.6)
        lease.report(0.2)
        assert lease.progress == 0.6
