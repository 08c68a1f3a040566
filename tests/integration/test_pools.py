"""A paused pool: what runs is finished, nothing begins, and the jobs say what they wait for."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.domain.errors import InvalidInput, NotFound
from app.domain.flow_limits import NO_LIMITS
from app.domain.plan import StepPlan
from app.domain.states import JobStatus, Pool
from app.domain.waits import WaitReason
from app.domain.webhook_turns import Room
from app.models import Job, PoolPause, Step, Worker
from app.models.database import Database, database_now_s, now_s
from app.services.claim_step import claim_step
from app.services.dispatch import dispatch
from app.services.job_views import JobView, view_job
from app.services.pools import PoolView, pause_pool, resume_pool, view_pools
from app.services.settle_jobs import settle_jobs
from app.services.standstill import Standstill, Stillness
from app.services.webhook_claim import claim as claim_deliveries
from tests.farms import LEASE_TTL_S, ListBell, claim, finish, make_job, make_org, operator
from tests.made_webhooks import SEALER, make_endpoint, make_messages, now_of

CLIPS = [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU) for number in (1, 2)]
SCRIPT = StepPlan("script", "video.script", Pool.IO)


def seen(database: Database, job_id: int) -> JobView:
    with database.read() as session:
        return view_job(session, session.get_one(Job, job_id), database_now_s(session))


def pool(database: Database, name: str) -> PoolView:
    return next(view for view in view_pools(database) if view.name == name)


def test_nothing_is_called_in_a_paused_pool_and_the_other_pools_go_on(database: Database) -> None:
    make_job(database, make_org(database), [*CLIPS, SCRIPT])
    pause_pool(database, operator(database), "cpu", "the disk is being changed")
    bell = ListBell()
    dispatch(database, bell)
    assert [doorbell.pool for doorbell in bell.rung] == [Pool.IO]
    resume_pool(database, operator(database), "cpu")
    assert dispatch(database, bell) == 2


def test_a_running_step_is_finished_and_a_called_one_does_not_begin(database: Database) -> None:
    job_id = make_job(database, make_org(database), CLIPS)
    bell = ListBell()
    dispatch(database, bell)
    running = claim(database, bell.rung[0].step_id)
    pause_pool(database, operator(database), "cpu", "maintenance")
    assert claim_step(database, bell.rung[1].step_id, "worker-1", LEASE_TTL_S) is None
    finish(database, running)
    settle_jobs(database)
    job = seen(database, job_id)
    assert job.status == JobStatus.WAITING and job.waiting is not None
    assert (job.waiting.reason, job.waiting.resume_at) == (WaitReason.POOL_PAUSED, None)


def test_a_job_that_had_not_begun_is_queued_again_when_its_pool_is_resumed(database: Database) -> None:
    job_id = make_job(database, make_org(database), CLIPS)
    pause_pool(database, operator(database), "cpu", "maintenance")
    settle_jobs(database)
    assert seen(database, job_id).status == JobStatus.WAITING
    resume_pool(database, operator(database), "cpu")
    settle_jobs(database)
    assert seen(database, job_id).status == JobStatus.QUEUED
    bell = ListBell()
    dispatch(database, bell)
    for doorbell in bell.rung:
        finish(database, claim(database, doorbell.step_id))
    assert seen(database, job_id).status == JobStatus.SUCCEEDED


def test_a_pause_with_an_end_is_over_by_itself(database: Database) -> None:
    make_job(database, make_org(database), CLIPS)
    with database.read() as session:
        until = database_now_s(session) + 3600
    assert pause_pool(database, operator(database), "cpu", "lunch", until).pause is not None
    assert dispatch(database, ListBell()) == 0
    with database.begin() as session:
        session.execute(update(PoolPause).values(until=now_s() - 1))
    assert pool(database, "cpu").pause is None
    assert dispatch(database, ListBell()) == 2


def test_a_pause_that_would_be_over_already_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput) as refused:
        pause_pool(database, operator(database), "cpu", "yesterday", 1.0)
    assert refused.value.field == "until"


def test_a_pool_that_there_is_not_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="cpu, gpu, io"):
        pause_pool(database, operator(database), "tpu", "never")


def test_a_pool_shows_what_runs_what_waits_and_for_how_long(database: Database) -> None:
    make_job(database, make_org(database), [*CLIPS, SCRIPT])
    bell = ListBell()
    dispatch(database, bell)
    claim(database, next(doorbell.step_id for doorbell in bell.rung if doorbell.pool == Pool.CPU))
    with database.begin() as session:
        session.execute(update(Step).values(ready_at=Step.ready_at - 60))
    cpu, gpu, io, _ = view_pools(database)
    assert (cpu.running, cpu.ready, io.ready, gpu.ready, gpu.oldest_age_s) == (1, 1, 1, 0, None)
    assert cpu.oldest_age_s is not None and cpu.oldest_age_s >= 60
    with database.read() as session:
        assert session.scalars(select(PoolPause)).all() == []


def test_the_pool_of_webhooks_shows_deliveries(database: Database, org_id: int) -> None:
    now = now_of(database)
    make_messages(database, org_id, make_endpoint(database, org_id), 4)
    claim_deliveries(database, SEALER, Room(general=2))
    make_messages(database, org_id, make_endpoint(database, org_id), next_at=now + 60)
    make_messages(database, org_id, make_endpoint(database, org_id, open_until=now + 60), 3)
    *_, hooks = view_pools(database)
    assert (hooks.name, hooks.running, hooks.ready, hooks.waiting) == ("hooks", 2, 2, 4)
    assert hooks.oldest_age_s is not None
    assert 1 <= hooks.oldest_age_s < 30


def test_a_worker_of_webhooks_makes_no_steps_stuck(database: Database) -> None:
    """Its free slots are none that a step could take."""
    with database.begin() as session:
        now = database_now_s(session)
        about = {"pool": "hooks", "host": "h", "pid": 1, "slots": 64, "version": "1", "started_at": now}
        session.add(Worker(name="hooks@here:1", beat_at=now, **about))
    make_job(database, make_org(database), CLIPS)
    with database.read() as session:
        assert Standstill().look(session, now, NO_LIMITS) == Stillness(frozenset(), frozenset())
