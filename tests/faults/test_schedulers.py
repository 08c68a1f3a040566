"""Two dispatchers run the same schedule, and one of them is killed: each tick is fired once, and the next one comes."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import select

from app.domain.states import JobKind
from app.models import Job, Schedule
from app.services.canary import SCHEDULE
from tests.real_farm import RealFarm
from tests.waiting import wait_for


@pytest.fixture
def environment() -> dict[str, str]:
    return {"CANARY_EVERY_S": "2"}


def ticks(farm: RealFarm) -> int:
    with farm.database.read() as session:
        schedule = session.get(Schedule, SCHEDULE)
        return 0 if schedule is None else schedule.ticks


def test_each_tick_fires_once_though_the_dispatcher_that_had_it_is_killed(farm: RealFarm) -> None:
    with farm.another_dispatcher():
        wait_for(lambda: ticks(farm) >= 2, within_s=30, what="two ticks")
        for _ in range(2):
            fired = ticks(farm)
            wait_for(lambda fired=fired: ticks(farm) > fired, within_s=30, what="a tick")
            os.kill(farm.pids("workers.dispatcher")[0], signal.SIGKILL)
        fired = ticks(farm)
        wait_for(lambda: ticks(farm) > fired, within_s=30, what="the tick after the kills")
    with farm.database.read() as session:
        texts = [job.input["text"] for job in session.scalars(select(Job).where(Job.kind == JobKind.CANARY))]
    assert len(texts) == len(set(texts)) >= 1
