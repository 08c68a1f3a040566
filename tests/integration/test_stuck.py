"""Stuck steps are found with their reason, told once, and forgotten when they move."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app.domain.flow_limits import NO_LIMITS, FlowLimits
from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.domain.stuck import StuckReason
from app.models import JobEvent, Step, Worker
from app.models.database import Database, database_now_s, now_s
from app.services.dispatch import dispatch
from app.services.find_stuck import find_stuck, view_stuck
from app.services.pools import pause_pool, resume_pool
from app.services.recover import recover
from app.services.standstill import Standstill
from tests.farms import LEASE_TTL_S, ListBell, claim, finish, make_job, make_org, operator

CLIP = StepPlan("scene/1/clip", "video.clip", Pool.CPU)


@pytest.fixture
def step_id(database: Database) -> int:
    make_job(database, make_org(database), [CLIP])
    with database.read() as session:
        return session.scalars(select(Step.id)).one()


def sweep(
    database: Database, standstill: Standstill | None = None, limits: FlowLimits = NO_LIMITS
) -> list[StuckReason]:
    find_stuck(database, LEASE_TTL_S, limits, standstill or Standstill())
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


def look_for_31_s(database: Database, standstill: Standstill) -> None:
    """Look once, and have it be as though the same had been seen for 31 s."""
    find_stuck(database, LEASE_TTL_S, NO_LIMITS, standstill)
    standstill.watches = {pool: replace(seen, since=seen.since - 31) for pool, seen in standstill.watches.items()}


def test_a_pool_that_stands_still_has_its_ready_steps_stuck_called_or_not(database: Database, step_id: int) -> None:
    change(database, ready_at=now_s() - 60)
    add_worker(database)
    standstill = Standstill()
    assert sweep(database, standstill) == []
    look_for_31_s(database, standstill)
    assert sweep(database, standstill) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]
    dispatch(database, ListBell())
    assert sweep(database, standstill) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]
    assert told(database) == ["ready_too_long_while_idle"]
    claim(database, step_id)
    assert sweep(database, standstill) == []


def test_without_idle_slots_nothing_stands_still(database: Database, step_id: int) -> None:
    change(database, ready_at=now_s() - 60)
    standstill = Standstill()
    look_for_31_s(database, standstill)
    assert sweep(database, standstill) == []


def test_a_busy_farm_with_a_long_backlog_and_a_free_slot_at_every_glance_is_not_stuck(database: Database) -> None:
    org_id = make_org(database)
    for _ in range(60):
        make_job(database, org_id, [CLIP])
    change(database, ready_at=now_s() - 600)
    add_worker(database)
    bell, standstill = ListBell(), Standstill()
    for _ in range(5):
        look_for_31_s(database, standstill)
        dispatch(database, bell)
        finish(database, claim(database, bell.rung.pop(0).step_id))
        assert sweep(database, standstill) == []
    assert told(database) == []


def test_after_a_pause_the_clock_begins_anew(database: Database, step_id: int) -> None:
    change(database, ready_at=now_s() - 600)
    add_worker(database)
    standstill = Standstill()
    look_for_31_s(database, standstill)
    pause_pool(database, operator(database), "cpu", "maintenance")
    assert sweep(database, standstill) == []
    resume_pool(database, operator(database), "cpu")
    assert sweep(database, standstill) == []
    look_for_31_s(database, standstill)
    assert sweep(database, standstill) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]


def test_a_dispatcher_that_has_just_started_neither_tells_nor_forgets_what_another_has_found(
    database: Database, step_id: int
) -> None:
    change(database, ready_at=now_s() - 60)
    add_worker(database)
    older, newer = Standstill(), Standstill()
    look_for_31_s(database, older)
    for standstill in (older, newer, older, newer):
        assert sweep(database, standstill) == [StuckReason.READY_TOO_LONG_WHILE_IDLE]
    assert told(database) == ["ready_too_long_while_idle"]
    claim(database, step_id)
    assert sweep(database, newer) == []


def test_steps_that_a_limit_may_hold_back_say_nothing_of_their_pool(database: Database, step_id: int) -> None:
    change(database, ready_at=now_s() - 60, provider="openai")
    add_worker(database)
    for limits in (FlowLimits(concurrency={"openai": 1}), FlowLimits(org_concurrency=1)):
        standstill = Standstill()
        look_for_31_s(database, standstill)
        assert sweep(database, standstill, limits) == []


def test_a_wait_that_nobody_ends_is_found(database: Database, step_id: int) -> None:
    change(database, status=StepStatus.WAITING, wait_reason="backoff", resume_at=now_s() - 60)
    assert sweep(database) == [StuckReason.PAST_RESUME_TIME]
    recover(database)
    assert sweep(database) == []
    assert told(database) == ["past_resume_time"]
