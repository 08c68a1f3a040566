"""The broker dies, forgets everything, or hangs: the same comes out, only later, and no worker falls over it."""

from __future__ import annotations

import time

from sqlalchemy import func, select, text

from app.client import VideoRequest
from app.domain.states import StepStatus
from app.models import Step, StepAttempt
from app.models.database import database_now_s
from app.models.step import IS_IN_FLIGHT
from tests.brokers import Broker
from tests.faults.callers import ask_for_video, check_all_done_at_once, job_id_of
from tests.real_farm import RealFarm
from tests.waiting import wait_for

# Several scenes of a large frame: a clip takes seconds.
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")
SMALL = VideoRequest(text="Hello.", size="64x64")
MANY = 60
REQUESTS = 4
CONSUMES_AGAIN_WITHIN_S = 15.0
ANSWERS_WITHIN_S = 1.0


def test_a_broker_killed_in_mid_step_costs_neither_a_step_nor_a_worker(farm: RealFarm, broker: Broker) -> None:
    workers = farm.pids("--queues")
    long = farm.submit(LONG)
    farm.running_step(long, "video.clip")
    with broker.away():
        accepted = farm.submit(SMALL)
        wait_for(lambda: farm.says("(2/None)") >= 2, within_s=30, what="two tries of both workers")
    wait_until_both_pools_work(farm)
    check_all_done_at_once(farm, [long, accepted])
    assert farm.pids("--queues") == workers
    # At one pace however long it is away: with longer and longer pauses a long absence would mean a late return.
    assert farm.says("Trying again in") == farm.says("Trying again in 2.00 seconds")


def test_a_broker_that_loses_everything_is_told_once_more(farm: RealFarm, broker: Broker) -> None:
    long = farm.submit(LONG)
    farm.running_step(long, "video.clip")
    jobs = [long, *(farm.submit(SMALL) for _ in range(MANY))]
    broker.empty()
    begun, lost = steps_begun(farm), steps_called(farm)
    check_all_done_at_once(farm, jobs)
    # One doorbell for each step that was still to begin, and one burst for those whose first was lost.
    assert broker.doorbells() <= steps_begun(farm) - begun + lost


def test_requests_are_answered_at_once_while_the_broker_hangs(farm: RealFarm, broker: Broker) -> None:
    processes = farm.pids("--queues") + farm.pids("workers.dispatcher")
    jobs = [farm.submit(LONG)]
    farm.running_step(jobs[0], "video.clip")
    with broker.frozen():
        for _ in range(REQUESTS):
            given_up = farm.says("doorbells_not_rung")
            asked_at = time.monotonic()
            answer = ask_for_video(farm)
            assert time.monotonic() - asked_at < ANSWERS_WITHIN_S
            jobs.append(farm.job(job_id_of(answer)))
            # The request's own attempt, and the next one of the dispatcher.
            wait_for(lambda given_up=given_up: farm.says("doorbells_not_rung") >= given_up + 2, what="two attempts")
    wait_until_both_pools_work(farm)
    check_all_done_at_once(farm, jobs)
    assert farm.pids("--queues") + farm.pids("workers.dispatcher") == processes


def wait_until_both_pools_work(farm: RealFarm) -> None:
    """Each pool begins a step from now on."""
    with farm.database.read() as session:
        now = database_now_s(session)
    begun = select(Step.pool).join(StepAttempt, StepAttempt.step_id == Step.id).where(StepAttempt.started_at > now)

    def pools() -> set[str]:
        with farm.database.read() as session:
            return set(session.scalars(begun))

    wait_for(lambda: pools() >= {"cpu", "io"}, within_s=CONSUMES_AGAIN_WITHIN_S, what="a step begun on both pools")


def steps_begun(farm: RealFarm) -> int:
    with farm.database.read() as session:
        return session.scalar(select(func.count()).select_from(StepAttempt)) or 0


def steps_called(farm: RealFarm) -> int:
    """Steps whose doorbell has been rung and not been answered."""
    called = select(func.count()).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY)
    with farm.database.read() as session:
        return session.scalar(called) or 0
