"""Deploys and drains: workers are restarted under load, and no job fails for it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.client import Job, VideoRequest
from app.domain.states import JobStatus, StepStatus
from app.models import Job as JobRow
from app.models import Step, StepAttempt, Worker
from app.services.pools import pause_pool, resume_pool
from app.services.workers import drain_worker
from tests.farms import operator
from tests.faults.callers import live_jobs
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm, real_farm
from tests.waiting import wait_for

SMALL = VideoRequest(text="Hello.", size="64x64")
# Several scenes of a large frame: a clip takes longer than the grace time that the test allows.
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")


def main_process(farm: RealFarm, pool: str) -> int:
    """The worker's own process, which its children follow."""
    return min(farm.pids(f"--queues {pool}"))


def restart(farm: RealFarm, pool: str) -> float:
    """As a deploy does: stop the worker with SIGTERM and wait until a fresh one is there. The seconds until it went."""
    old, stopped_at = main_process(farm, pool), time.monotonic()
    os.kill(old, signal.SIGTERM)
    wait_for(lambda: old not in farm.pids(f"--queues {pool}"), within_s=60, what=f"the old {pool} worker to go")
    drained_s = time.monotonic() - stopped_at

    def is_replaced() -> bool:
        with farm.database.read() as session:
            pids = set(session.scalars(select(Worker.pid).where(Worker.pool == pool, Worker.draining_at.is_(None))))
        return bool(pids - {old})

    wait_for(is_replaced, within_s=60, what=f"a fresh {pool} worker")
    return drained_s


def outcomes(farm: RealFarm) -> Counter[str | None]:
    with farm.database.read() as session:
        return Counter(session.scalars(select(StepAttempt.outcome)))


def check_all(farm: RealFarm, jobs: list[Job]) -> None:
    ended = [farm.finished(job) for job in jobs]
    assert {job.status for job in ended} == {JobStatus.SUCCEEDED}, farm.log()
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).where(JobRow.status != JobStatus.SUCCEEDED)) == 0
    assert outcomes(farm).keys() <= {"succeeded", "adopted", "handed_back"}


@pytest.mark.row(15)
def test_a_rolling_restart_under_load_fails_nothing(
    farm: RealFarm, sizes: Sizes, record_property: RecordProperty
) -> None:
    # Held back until all are there, so that each restart finds work.
    pause_pool(farm.database, operator(farm.database), "cpu", "until the restart")
    jobs = [farm.submit(VideoRequest(text=f"Number {n}.", size="64x64")) for n in range(sizes.jobs_at_restart)]
    resume_pool(farm.database, operator(farm.database), "cpu")
    for pool in ("cpu", "io"):
        record_property("live_jobs", live_jobs(farm))
        drained_s = restart(farm, pool)
        record_property("drained_s", drained_s)
        assert drained_s <= farm.settings.drain_grace_s
    check_all(farm, jobs)


def test_a_drain_by_an_operator_brings_a_fresh_worker(farm: RealFarm) -> None:
    with farm.database.read() as session:
        old = session.scalars(select(Worker).where(Worker.pool == "cpu")).one()
    drain_worker(farm.database, operator(farm.database), old.name)
    job = farm.submit(SMALL)

    def fresh() -> bool:
        with farm.database.read() as session:
            return [worker.name for worker in session.scalars(select(Worker).where(Worker.pool == "cpu"))] != [old.name]

    wait_for(fresh, within_s=60, what="a fresh cpu worker")
    check_all(farm, [job])


def test_a_farm_that_is_told_a_second_time_to_stop_hands_back_what_it_cuts_short(farm: RealFarm) -> None:
    job = farm.submit(LONG)
    victim = farm.running_step(job, "video.clip")
    farm.process.send_signal(signal.SIGTERM)
    wait_for(lambda: farm.says("stopping"), every_s=0.01, what="the first signal to be heard")
    farm.process.send_signal(signal.SIGTERM)
    farm.process.wait(timeout=30)
    with farm.database.read() as session:
        step = session.get_one(Step, victim.id)
        assert (step.status, step.attempt) == (StepStatus.READY, 0)
    farm.start()
    check_all(farm, [job])


@pytest.fixture
def impatient_farm(tmp_path: Path) -> Iterator[RealFarm]:
    with real_farm(tmp_path / "home", DRAIN_GRACE_S="0.2", SCENEWORKS_CPU_SLOTS="1") as running:
        yield running


def test_a_step_that_outlasts_the_grace_time_is_handed_back_and_done_by_the_next_worker(
    impatient_farm: RealFarm,
) -> None:
    farm = impatient_farm
    job = farm.submit(LONG)
    victim = farm.running_step(job, "video.clip")
    restart(farm, "cpu")
    check_all(farm, [job])
    with farm.database.read() as session:
        history = session.scalars(
            select(StepAttempt.outcome).where(StepAttempt.step_id == victim.id).order_by(StepAttempt.token)
        ).all()
    assert history == ["handed_back", "succeeded"]


def test_a_stop_of_the_whole_process_group_is_a_drain_too(impatient_farm: RealFarm) -> None:
    farm = impatient_farm
    job = farm.submit(LONG)
    farm.running_step(job, "video.clip")
    # As systemd stops a service.
    os.killpg(os.getpgid(main_process(farm, "cpu")), signal.SIGTERM)
    check_all(farm, [job])
