"""Stuck steps are found with their reason, told once, and forgotten when they move."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.domain.flow_limits import NO_LIMITS
from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.domain.stuck import StuckReason
from app.models import JobEvent, Step, Worker
from app.models.database import Database, database_now_s, now_s
from app.services.dispatch import dispatch
from app.services.find_stuck import find_stuck, view_stuck
from app.services.pools import pause_pool
from app.services.recover import recover
from tests.farms import LEASE_TTL_S, ListBell, claim, finish, make_job, make_org

CLIP = StepPlan("scene/1/clip", "video.clip", Pool.CPU)


@pytest.fixture
def step_id(database: Database) -> int:
    make_job(database, make_org(database), [CLIP])
    with database.read() as session:
        return session.scalars(select(Step.id)).one()


def sweep(database: Database) -> list[StuckReason]:
    find_stuck(database, LEASE_TTL_S, NO_LIMITS)
    return [stuck.reason for stuck in view_stuck(database)]


def change(database: Database, **values: object) -> None:
    with database.begin() as session:
        session.execute(update(Step).values(**values))


def told(database: Database) -> list[str]:
    with database.read() as session:
        return [event.data["reason"] for event in session.scalars(select(JobEvent)) if event.type == "step.stuck"]


def add_worker(database: Database, slots: int = 2) -> None:
    with database.begin() as session:
        now = database_now_s(session)
        session.add(
            Worker(name="w", pool=Pool.CPU, host="h", pid=1, slots=slots, version="1", started_at=now, beat_at=now)
        )


def test_a_healthy_farm_has_no_stuck_step(database: Database, step_id: int) -> None:
    add_worker(database)
    assert sweep(database) == []
    claim(database, step_id)
    assert sweep(database) == []


def test_a_silent_lease_is_told_once_and_forgotten_when_it_is_taken_back(database: Database, step_id: int) -> None:
    claim(database, step_id, "gone")
    change(database, lease_expires_at=now_s() + 1)
    assert sweep(database) == sweep(database) == [StuckReason.LEASE_SILENT]
    assert view_stuck(database)[0].worker == "gone"
    assert told(database) == ["lease_silent"]
    change(database, lease_expires_at=now_s() - 1)
    recover(database)
    assert sweep(database) == []


def test_the_next_claim_of_the_step_is_another_story(database: Database, step_id: int) -> None:
    for _ in range(2):
        claim(database, step_id)
        change(database, lease_expires_at=now_s() + 1)
        sweep(database)
        change(database, lease_expires_at=now_s() - 1)
        recover(database)
    assert told(database) == ["lease_silent", "lease_silent"]


def test_a_step_far_over_its_kind_is_found(database: Database, step_id: int) -> None:
    org_id = make_org(database, "earlier")
    make_job(database, org_id, [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU) for number in range(20)])
    with database.read() as session:
        earlier = session.scalars(select(Step.id).where(Step.org_id == org_id)).all()
    for other in earlier:
        finish(database, claim(database, other))
    claim(database, step_id)
    with database.begin() as session:
        session.execute(update(Step).where(Step.id == step_id).values(started_at=now_s() - 31))
    assert sweep(database) == [StuckReason.FAR_OVER_P99]


def test_a_ready_step_is_stuck_only_while_workers_are_idle(database: Database, step_id: int) -> None:
    change(database, ready_at=now_s() - 60)
    assert sweep(database) == []
    add_worker(database)
    assert sweep(database) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]
    dispatch(database, ListBell())
    assert sweep(database) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]
    pause_pool(database, "cpu", "maintenance")
    assert sweep(database) == []


def test_a_wait_that_nobody_ends_is_found(database: Database, step_id: int) -> None:
    change(database, status=StepStatus.WAITING, wait_reason="backoff", resume_at=now_s() - 60)
    assert sweep(database) == [StuckReason.PAST_RESUME_TIME]
    recover(database)
    assert sweep(database) == []
    assert told(database) == ["past_resume_time"]
