"""The broker loses every doorbell that it holds: they are rung once more, and nothing else is."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text

from app.client import VideoRequest
from app.domain.states import StepStatus
from app.models import Step, StepAttempt
from app.models.step import IS_IN_FLIGHT
from app.services.pools import pause_pool, resume_pool
from tests.brokers import Broker
from tests.chat_vendor import GOOD, Answer, ChatVendor
from tests.farms import operator
from tests.faults.callers import check_all_done_at_once, live_jobs
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm
from tests.waiting import wait_for

SMALL = VideoRequest(text="Hello.", size="64x64")


@pytest.fixture
def environment(vendor: ChatVendor, sizes: Sizes) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "test-key",
        "OPENAI_BASE_URL": vendor.url,
        "SCENEWORKS_IO_SLOTS": str(sizes.running_at_flush),
    }


@pytest.mark.row(5)
def test_a_broker_that_loses_everything_is_told_once_more(
    farm: RealFarm, broker: Broker, vendor: ChatVendor, sizes: Sizes, record_property: RecordProperty
) -> None:
    # Steps that run until we let them: a slot that is busy for long would have doorbells rung again that are not lost.
    may_answer = threading.Event()
    vendor.answer = Answer(GOOD.body, after=may_answer)
    slots = sizes.running_at_flush
    # Held back until all are there, and then those of the highest priority are the first to begin.
    pause_pool(farm.database, operator(farm.database), "io", "until all are there")
    jobs = [farm.submit(SMALL) for _ in range(sizes.waiting_at_flush)]
    jobs += [farm.submit(VideoRequest(prompt=f"Film {n}", size="64x64", fps=24, priority=5)) for n in range(slots)]
    resume_pool(farm.database, operator(farm.database), "io")
    wait_for(lambda: len(vendor.asked) == slots and steps_called(farm) >= slots, within_s=60, what="all slots at work")
    broker.empty()
    begun, lost, waiting = steps_begun(farm), steps_called(farm), live_jobs(farm) - slots
    may_answer.set()
    check_all_done_at_once(farm, jobs, within_s=600)
    rung, needed = broker.doorbells(), steps_begun(farm) - begun
    for name, count in {"running": slots, "waiting": waiting, "lost": lost, "needed": needed, "rung": rung}.items():
        record_property(name, count)
    # One doorbell for each step that was still to begin, and one burst for those whose first was lost.
    assert rung <= needed + lost


def steps_begun(farm: RealFarm) -> int:
    with farm.database.read() as session:
        return session.scalar(select(func.count()).select_from(StepAttempt)) or 0


def steps_called(farm: RealFarm) -> int:
    """Steps whose doorbell has been rung and not been answered."""
    called = select(func.count()).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY)
    with farm.database.read() as session:
        return session.scalar(called) or 0
