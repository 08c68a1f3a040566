"""A worker that must go: it says so, takes nothing new, and hands back what it cannot finish."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from app.domain.errors import Conflict, LeaseLost, NotFound
from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.models import JobEvent, Step, StepAttempt, Worker
from app.models.database import Database, now_s
from app.services.dispatch import dispatch
from app.services.hand_back import hand_back
from app.services.pool_rooms import SMALLEST_WINDOW
from app.services.workers import drain_worker, view_workers
from tests.farms import ListBell, claim, finish, make_job, make_org, operator
from tests.waiting import wait_for
from workers.drain import Drain
from workers.worker_beat import WorkerBeat

CLIPS = [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU, max_attempts=1) for number in (1, 2)]


@pytest.fixture
def steps(database: Database) -> list[int]:
    make_job(database, make_org(database), CLIPS)
    with database.read() as session:
        return list(session.scalars(select(Step.id).order_by(Step.id)))


@pytest.fixture
def told_to_go() -> threading.Event:
    return threading.Event()


@pytest.fixture
def beat(database: Database, told_to_go: threading.Event) -> Iterator[WorkerBeat]:
    beat = WorkerBeat(database.url, name="cpu@here:1", pool=Pool.CPU, slots=9, on_drain=told_to_go.set)
    beat.start()
    wait_for(lambda: view_workers(database), what="the worker's row")
    yield beat
    beat.stop()


def test_a_step_that_is_handed_back_is_ready_at_once_and_has_cost_no_attempt(
    database: Database, steps: list[int]
) -> None:
    going, staying = claim(database, steps[0], "going"), claim(database, steps[1], "staying")
    assert hand_back(database, "going") == 1
    assert hand_back(database, "going") == 0
    with database.read() as session:
        step = session.get_one(Step, going.step_id)
        assert (step.status, step.attempt, step.lease_expires_at) == (StepStatus.READY, 0, None)
        assert session.get_one(Step, staying.step_id).status == StepStatus.RUNNING
        assert "step.handed_back" in session.scalars(select(JobEvent.type)).all()
    # Even the last attempt was not used up.
    finish(database, claim(database, steps[0], "fresh"))
    with database.read() as session:
        attempts = session.scalars(
            select(StepAttempt).where(StepAttempt.step_id == steps[0]).order_by(StepAttempt.token)
        ).all()
    assert [(attempt.worker, attempt.outcome) for attempt in attempts] == [
        ("going", "handed_back"),
        ("fresh", "succeeded"),
    ]


def test_who_handed_a_step_back_commits_nothing_any_more(database: Database, steps: list[int]) -> None:
    going = claim(database, steps[0], "going")
    hand_back(database, "going")
    with pytest.raises(LeaseLost):
        finish(database, going)


def test_what_is_finished_within_the_grace_time_is_not_handed_back(database: Database, steps: list[int]) -> None:
    claimed = claim(database, steps[0], "going")
    drain = Drain(database.url, "going", grace_s=3600.0)
    drain.begin()
    drain.begin()
    finish(database, claimed)
    drain.end()
    with database.read() as session:
        assert session.get_one(Step, steps[0]).status == StepStatus.SUCCEEDED


def test_what_is_not_finished_when_the_grace_time_is_over_is_handed_back(database: Database, steps: list[int]) -> None:
    claim(database, steps[0], "going")
    Drain(database.url, "going", grace_s=0.0).begin()

    def is_ready() -> bool:
        with database.read() as session:
            return session.get_one(Step, steps[0]).status == StepStatus.READY

    wait_for(is_ready, what="the step to be handed back")


def test_a_worker_hears_that_it_must_go_and_is_no_longer_counted_on(
    database: Database, beat: WorkerBeat, told_to_go: threading.Event
) -> None:
    (worker,) = view_workers(database)
    assert (worker.is_alive, worker.draining_at, worker.slots) == (True, None, 9)
    assert drain_worker(database, operator(database), worker.name).draining_at is not None
    wait_for(told_to_go.is_set, what="the worker to hear of it")
    make_job(
        database,
        make_org(database),
        [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU) for number in range(20)],
    )
    assert dispatch(database, ListBell()) == SMALLEST_WINDOW


def test_a_worker_that_was_sent_a_signal_says_so_itself(database: Database, beat: WorkerBeat) -> None:
    beat.drain()
    wait_for(lambda: view_workers(database)[0].draining_at, what="the row to say so")


def test_only_a_worker_that_is_there_can_be_drained(database: Database, beat: WorkerBeat) -> None:
    with pytest.raises(NotFound):
        drain_worker(database, operator(database), "cpu@nowhere:2")
    with database.begin() as session:
        gone = {"pool": Pool.CPU, "host": "h", "pid": 2, "slots": 1, "version": "1", "started_at": 0.0}
        session.add(Worker(name="gone", beat_at=0.0, **gone))
        session.flush()
        session.execute(update(Worker).where(Worker.name == "gone").values(beat_at=now_s() - 60))
    with pytest.raises(Conflict):
        drain_worker(database, operator(database), "gone")
