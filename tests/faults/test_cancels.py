"""A cancel at any moment of a job's life: one end, nothing of it goes on, and its slot is soon someone else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import select

from app.client import ClientError, Job, VideoRequest
from app.domain.plan import StepKind
from app.domain.states import JobStatus, Pool, StepStatus
from app.models import Job as JobRow
from app.models import JobEvent, Step, StepAttempt
from app.services.job_log import lock_job
from app.services.sweep_work import work_folder
from tests.brokers import Broker
from tests.chat_vendor import ChatVendor, failure
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_by_step, pid_at

LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")
FREE_WITHIN_S = 5.0
LARGEST = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 40, size="4096x4096")
ENDS = ("video.succeeded", "video.failed", "video.canceled")
NUMBERS = count(1)


@pytest.fixture
def environment(vendor: ChatVendor) -> dict[str, str]:
    # One slot, so that the next job needs the very slot that the canceled one had; and the product's own lease,
    # because a worker hears of a cancel at the next beat of it.
    return {
        "OPENAI_API_KEY": "test-key",
        "OPENAI_BASE_URL": vendor.url,
        "SCENEWORKS_CPU_SLOTS": "1",
        "SCENEWORKS_IO_SLOTS": "1",
        "LEASE_TTL_S": "",
    }


@pytest.mark.row(17)
@pytest.mark.parametrize("servers", ["embedded"], indirect=True)
@pytest.mark.parametrize("kind", [StepKind.IMAGE, StepKind.NARRATION])
def test_a_cancel_ends_a_large_picture_and_a_long_narration(farm: RealFarm, kind: str) -> None:
    job = farm.submit(LARGEST)
    step = farm.running_step(job, kind)
    cancel(farm, job)
    folder = work_folder(farm.settings.work_dir, step.id, step.token)
    wait_for(lambda: not folder.exists(), within_s=FREE_WITHIN_S, what="the slot to be free")


@pytest.mark.row(17)
def test_a_queued_job_that_is_canceled_never_begins(farm: RealFarm, broker: Broker) -> None:
    with broker.frozen():
        job = farm.submit(tiny())
        assert farm.job(job.id).status == JobStatus.QUEUED
        cancel(farm, job)
    next_job_gets_through(farm)
    check_canceled(farm, job)
    assert attempts_by_step(farm, job.id) == {}


@pytest.mark.row(17)
def test_a_running_job_that_is_canceled_leaves_its_slot_and_no_process(
    farm: RealFarm, record_property: RecordProperty
) -> None:
    workers = farm.pids("--queues")
    job = farm.submit(LONG)
    clip = farm.running_step(job, StepKind.CLIP)
    wait_for(lambda: pid_at(farm, clip), within_s=30, every_s=0.01, what="a process at work")
    cancel(farm, job)
    wait_for(
        lambda: pid_at(farm, clip) is None and not farm.pids("ffmpeg"),
        within_s=FREE_WITHIN_S,
        every_s=0.01,
        what="nobody at work on it",
    )
    freed_s = next_job_gets_through(farm)[Pool.CPU] - ended_at(farm, job)
    record_property("slot_free_s", freed_s)
    assert freed_s <= FREE_WITHIN_S
    check_canceled(farm, job)
    # Not by the death of a worker.
    assert farm.pids("--queues") == workers


@pytest.mark.row(17)
def test_a_job_that_is_canceled_as_it_commits_its_last_step_ends_in_one_way(
    farm: RealFarm, sizes: Sizes, record_property: RecordProperty
) -> None:
    for number in range(sizes.cancels_at_commit):
        job, was_canceled = cancel_at_the_last_commit(farm, first=number % 2 == 0)
        freed_s = next_job_gets_through(farm)[Pool.IO] - ended_at(farm, job)
        record_property("canceled_slot_free_s" if was_canceled else "succeeded_slot_free_s", freed_s)
        assert freed_s <= FREE_WITHIN_S
        if was_canceled:
            check_canceled(farm, job)
        else:
            check_one_end(farm, job, JobStatus.SUCCEEDED)


@pytest.mark.row(17)
def test_a_waiting_job_that_is_canceled_is_not_begun_again(farm: RealFarm, vendor: ChatVendor) -> None:
    vendor.first["the tides"] = [failure(429, retry_after="3")]
    job = farm.submit(VideoRequest(prompt="the tides", size="64x64"))
    wait_for(lambda: farm.job(job.id).status == JobStatus.WAITING, within_s=30, what="a job that waits")
    (script,) = steps_of(farm, job)
    assert script.resume_at is not None
    cancel(farm, job)
    # Until after the time at which it would have gone on, and the sweep that would have let it.
    wait_for(lambda: began_after(farm, script.resume_at + 1.0), within_s=30, every_s=1.0, what="a later job's step")
    check_canceled(farm, job)
    assert vendor.times("the tides") == 1


def tiny() -> VideoRequest:
    """A text of its own, so that nothing is adopted."""
    return VideoRequest(text=f"This is number {next(NUMBERS)}.", size="64x64")


def cancel(farm: RealFarm, job: Job) -> None:
    with farm.client() as client:
        assert client.cancel(job.id).status == JobStatus.CANCELED


def cancel_at_the_last_commit(farm: RealFarm, *, first: bool) -> tuple[Job, bool]:
    """A job that is asked to stop when all its work is done and only the commit is left; whether it was in time.

    Both wait for the job: the cancel comes to it `first`, or as soon as the worker may have.
    """
    while True:
        job = farm.submit(tiny())
        gate = gate_at_work(farm, job)
        if gate is None:
            continue
        folder = work_folder(farm.settings.work_dir, gate.id, gate.token)
        with ThreadPoolExecutor() as threads:
            with farm.database.begin() as session:
                # While we hold the job neither the worker nor the cancel can end it.
                lock_job(session, gate.job_id)
                if not folder.exists() or session.get_one(Step, gate.id).status != StepStatus.RUNNING:
                    # Too early or too late: with the next one, then.
                    continue
                answer = threads.submit(ask_to_cancel, farm, job) if first else None
                # It goes when the outputs are stored.
                wait_for(lambda folder=folder: not folder.exists(), within_s=30, every_s=0.01, what="a gate's outputs")
                answer = answer or threads.submit(ask_to_cancel, farm, job)
            return job, answer.result()


def gate_at_work(farm: RealFarm, job: Job) -> Step | None:
    """The job's gate while it runs; None when it was over between two looks, for it takes hundredths of a second."""

    found = wait_for(
        lambda: farm.step_at_work(job, StepKind.GATE) or finished_at(farm, job),
        within_s=60,
        every_s=0.002,
        what="a running gate",
    )
    return found if isinstance(found, Step) else None


def ask_to_cancel(farm: RealFarm, job: Job) -> bool:
    """Whether the farm says that it is canceled; it may also say that it has succeeded."""
    with farm.client() as client:
        try:
            return client.cancel(job.id).status == JobStatus.CANCELED
        except ClientError as error:
            assert "succeeded" in str(error)
            return False


def next_job_gets_through(farm: RealFarm) -> dict[str, float]:
    """Another job succeeds; when each pool first began a step of it, on the database's clock."""
    job = farm.finished(farm.submit(tiny()))
    assert job.status == JobStatus.SUCCEEDED, farm.log()
    return {pool: min(starts_of(farm, job, pool)) for pool in (Pool.CPU, Pool.IO)}


def starts_of(farm: RealFarm, job: Job, pool: str) -> list[float]:
    query = (
        select(StepAttempt.started_at)
        .join(Step, Step.id == StepAttempt.step_id)
        .join(JobRow, JobRow.id == Step.job_id)
        .where(JobRow.public_id == job.id, Step.pool == pool)
    )
    with farm.database.read() as session:
        return list(session.scalars(query))


def began_after(farm: RealFarm, moment: float) -> bool:
    """Whether a new job began later than that."""
    return next_job_gets_through(farm)[Pool.IO] > moment


def steps_of(farm: RealFarm, job: Job) -> list[Step]:
    query = select(Step).join(JobRow, JobRow.id == Step.job_id).where(JobRow.public_id == job.id)
    with farm.database.read() as session:
        return list(session.scalars(query))


def finished_at(farm: RealFarm, job: Job) -> float | None:
    with farm.database.read() as session:
        return session.execute(select(JobRow.finished_at).where(JobRow.public_id == job.id)).scalar_one()


def ended_at(farm: RealFarm, job: Job) -> float:
    moment = finished_at(farm, job)
    assert moment is not None
    return moment


def check_canceled(farm: RealFarm, job: Job) -> None:
    check_one_end(farm, job, JobStatus.CANCELED)
    assert {step.status for step in steps_of(farm, job)} <= {StepStatus.CANCELED, StepStatus.SUCCEEDED}
    wait_for(lambda: not list(farm.settings.work_dir.iterdir()), what="an empty work folder")


def check_one_end(farm: RealFarm, job: Job, status: JobStatus) -> None:
    assert farm.job(job.id).status == status
    query = select(JobEvent.type).join(JobRow, JobRow.id == JobEvent.job_id).where(JobRow.public_id == job.id)
    with farm.database.read() as session:
        assert session.scalars(query.where(JobEvent.type.in_(ENDS))).all() == [f"video.{status}"]
