"""The broker dies or hangs: the same comes out, only later, and no worker falls over it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.client import VideoRequest
from app.models import Step, StepAttempt
from app.models.database import database_now_s
from tests.brokers import Broker
from tests.faults.callers import ask_for_video, check_all_done_at_once, job_id_of
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm
from tests.waiting import wait_for

# Several scenes of a large frame: a clip takes seconds.
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")
SMALL = VideoRequest(text="Hello.", size="64x64")
REQUESTS = 4
CONSUMES_AGAIN_WITHIN_S = 15.0
ANSWERS_WITHIN_S = 1.0


@pytest.mark.row(4)
def test_a_broker_killed_in_mid_step_costs_neither_a_step_nor_a_worker(
    farm: RealFarm, broker: Broker, sizes: Sizes, record_property: RecordProperty
) -> None:
    workers = farm.pids("--queues")
    for number, away_s in enumerate(sizes.broker_away_s):
        # A text of its own each time, so that nothing is adopted.
        long = farm.submit(replace(LONG, text=f"Number {number}. {LONG.text}"))
        farm.running_step(long, "video.clip")
        tries, back_at = farm.says("(2/None)"), time.monotonic() + away_s
        with broker.away():
            accepted = farm.submit(SMALL)
            wait_for(
                lambda tries=tries, back_at=back_at: farm.says("(2/None)") >= tries + 2 and time.monotonic() >= back_at,
                within_s=30 + away_s,
                what="two tries of both workers, and the time",
            )
        record_property("consumed_again_s", wait_until_both_pools_work(farm))
        check_all_done_at_once(farm, [long, accepted])
    assert farm.pids("--queues") == workers
    # At one pace however long it is away: with longer and longer pauses a long absence would mean a late return.
    assert farm.says("Trying again in") == farm.says("Trying again in 2.00 seconds")


@pytest.mark.row(6)
def test_requests_are_answered_at_once_while_the_broker_hangs(
    farm: RealFarm, broker: Broker, sizes: Sizes, record_property: RecordProperty
) -> None:
    processes = farm.pids("--queues") + farm.pids("workers.dispatcher")
    jobs = [farm.submit(LONG)]
    farm.running_step(jobs[0], "video.clip")
    wakes_at = time.monotonic() + sizes.broker_frozen_s
    with broker.frozen():
        while len(jobs) <= REQUESTS or time.monotonic() < wakes_at:
            given_up = farm.says("doorbells_not_rung")
            asked_at = time.monotonic()
            answer = ask_for_video(farm)
            answered_s = time.monotonic() - asked_at
            record_property("answered_s", answered_s)
            assert answered_s < ANSWERS_WITHIN_S
            jobs.append(farm.job(job_id_of(answer)))
            # The request's own attempt, and the next one of the dispatcher.
            wait_for(lambda given_up=given_up: farm.says("doorbells_not_rung") >= given_up + 2, what="two attempts")
    record_property("consumed_again_s", wait_until_both_pools_work(farm))
    check_all_done_at_once(farm, jobs)
    assert farm.pids("--queues") + farm.pids("workers.dispatcher") == processes


def wait_until_both_pools_work(farm: RealFarm) -> float:
    """Each pool begins a step from now on; after how many seconds the later one has."""
    with farm.database.read() as session:
        now = database_now_s(session)
    begun = (
        select(Step.pool, func.min(StepAttempt.started_at))
        .join(StepAttempt, StepAttempt.step_id == Step.id)
        .where(StepAttempt.started_at > now)
        .group_by(Step.pool)
    )

    def first_starts() -> dict[str, float] | None:
        with farm.database.read() as session:
            found = dict(session.execute(begun).tuples().all())
        return found if found.keys() >= {"cpu", "io"} else None

    starts = wait_for(first_starts, within_s=CONSUMES_AGAIN_WITHIN_S, what="a step begun on both pools")
    return max(starts["cpu"], starts["io"]) - now
