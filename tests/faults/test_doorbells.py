"""Doorbells that ring too often, and one that never rings: the step is done once, and soon."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import urllib3
from sqlalchemy import select

from app.client import VideoRequest
from app.domain.states import JobStatus, Pool, StepStatus
from app.models import Job as JobRow
from app.models import Step, StepAttempt
from app.services.farm import Doorbell
from app.services.pools import pause_pool, resume_pool
from tests.brokers import Broker
from tests.farms import operator
from tests.faults.callers import ask_for_video
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_by_step
from workers.doorbell import CeleryBell

TIMES = 5
TINY = VideoRequest(text="Hello.", size="64x64")
# As tests/faults promise it: an API that dies between commit and doorbell delays its job by no more than this.
BEGINS_WITHIN_S = 10.0


class FiveBells:
    """Rings the same doorbell five times at once, on a connection for each."""

    def __init__(self, broker_url: str) -> None:
        self._bells = [CeleryBell(broker_url) for _ in range(TIMES)]
        self._together = threading.Barrier(TIMES)

    def ring(self, step: Step) -> None:
        doorbell = Doorbell(step.id, step.kind, Pool(step.pool))
        with ThreadPoolExecutor(TIMES) as threads:
            list(threads.map(lambda bell: self._ring_together(bell, doorbell), self._bells))

    def _ring_together(self, bell: CeleryBell, doorbell: Doorbell) -> None:
        self._together.wait(timeout=10)
        bell.ring(doorbell)


def test_a_doorbell_that_is_rung_five_times_at_once_is_answered_once(farm: RealFarm) -> None:
    bells = FiveBells(farm.settings.broker_url)
    # Held back, so that the first five are ours and find the step ready.
    pause_pool(farm.database, operator(farm.database), "io", "rung by hand")
    job = farm.submit(TINY)
    (script,) = steps_of(farm, job.id)
    resume_pool(farm.database, operator(farm.database), "io")
    bells.ring(script)

    rung = {script.id}

    def ring_until_it_ends() -> bool:
        for step in unrung_steps(farm, job.id, rung):
            bells.ring(step)
            rung.add(step.id)
        return ended(farm, job.id)

    wait_for(ring_until_it_ends, within_s=60, every_s=0.01, what="the job to end")
    assert farm.finished(job).status == JobStatus.SUCCEEDED, farm.log()

    for step in steps_of(farm, job.id):
        bells.ring(step)
    # Behind those in every queue, so that all of them have been answered when it ends.
    assert farm.finished(farm.submit(VideoRequest(text="Afterwards.", size="64x64"))).status == JobStatus.SUCCEEDED
    assert set(map(tuple, attempts_by_step(farm, job.id).values())) == {("succeeded",)}


def test_a_job_whose_api_dies_before_it_rings_begins_soon(farm: RealFarm, broker: Broker) -> None:
    api = farm.pids("gunicorn")
    with broker.frozen():
        # The job is committed and its doorbell said to be rung, but nobody hears it: there the API is killed.
        caller = threading.Thread(target=ask_in_vain, args=(farm,))
        caller.start()
        job = wait_for(lambda: rung_job(farm), within_s=30, every_s=0.005, what="a committed job")
        for pid in api:
            os.kill(pid, signal.SIGKILL)
        caller.join()
    farm.accepted.append(job.public_id)

    wait_for(lambda: ended(farm, job.public_id), within_s=60, what="the job to end")
    with farm.database.read() as session:
        assert session.get_one(JobRow, job.id).status == JobStatus.SUCCEEDED
        begun = session.scalars(
            select(StepAttempt.started_at).join(Step, Step.id == StepAttempt.step_id).where(Step.job_id == job.id)
        )
        assert min(begun) - job.created_at <= BEGINS_WITHIN_S
    assert set(map(tuple, attempts_by_step(farm, job.public_id).values())) == {("succeeded",)}


def ask_in_vain(farm: RealFarm) -> None:
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        ask_for_video(farm)


def rung_job(farm: RealFarm) -> JobRow | None:
    """The only job, once its first step counts as called."""
    with farm.database.read() as session:
        return session.scalars(select(JobRow).join(Step).where(Step.rung_at.is_not(None))).one_or_none()


def ended(farm: RealFarm, public_id: str) -> bool:
    with farm.database.read() as session:
        status = session.execute(select(JobRow.status).where(JobRow.public_id == public_id)).scalar_one()
    return JobStatus(status).is_terminal


def steps_of(farm: RealFarm, public_id: str) -> list[Step]:
    with farm.database.read() as session:
        query = select(Step).join(JobRow, JobRow.id == Step.job_id).where(JobRow.public_id == public_id)
        return list(session.scalars(query.order_by(Step.id)))


def unrung_steps(farm: RealFarm, public_id: str, rung: set[int]) -> list[Step]:
    """Steps that a worker may begin or has begun, and that we have not rung for yet."""
    begun = (StepStatus.READY, StepStatus.RUNNING, StepStatus.SUCCEEDED)
    return [step for step in steps_of(farm, public_id) if step.status in begun and step.id not in rung]
