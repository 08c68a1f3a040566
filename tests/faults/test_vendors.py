"""Jobs get through a vendor that fails in every way, and what it has answered is paid for once."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.client import Job, VideoRequest
from app.domain.states import JobStatus
from app.models import Job as JobRow
from app.models import JobEvent, Step, StepAttempt
from app.services.job_log import lock_job
from tests.chat_vendor import GOOD, HTML, Answer, ChatVendor, completion, failure
from tests.real_farm import RealFarm
from tests.waiting import wait_for

# Of the io pool, so that a test can fill it.
IO_SLOTS = 4


@pytest.fixture
def environment(vendor: ChatVendor) -> dict[str, str]:
    return {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": vendor.url, "SCENEWORKS_IO_SLOTS": str(IO_SLOTS)}


def ask_for(farm: RealFarm, subject: str) -> Job:
    return farm.submit(VideoRequest(prompt=subject, size="64x64", fps=24))


def script_of(farm: RealFarm, job: Job) -> Step:
    with farm.database.read() as session:
        return session.scalars(
            select(Step).join(JobRow, JobRow.id == Step.job_id).where(JobRow.public_id == job.id, Step.name == "script")
        ).one()


def events_of(farm: RealFarm, job: Job) -> list[str]:
    with farm.database.read() as session:
        return list(
            session.scalars(
                select(JobEvent.type)
                .join(JobRow, JobRow.id == JobEvent.job_id)
                .where(JobRow.public_id == job.id)
                .order_by(JobEvent.seq)
            )
        )


def test_jobs_get_through_a_vendor_that_fails_in_every_way(farm: RealFarm, vendor: ChatVendor) -> None:
    vendor.first["busy"] = [failure(429, retry_after="3")]
    vendor.first["broken"] = [failure(500), failure(502)]
    vendor.first["cut off"] = [replace(GOOD, share=0.5)]
    vendor.first["a proxy"] = [HTML]
    vendor.first["unwilling"] = [completion(None, refusal="I can't help with that.")]
    may_answer = threading.Event()
    vendor.first["slow"] = [Answer(GOOD.body, after=may_answer)]
    jobs = {subject: ask_for(farm, subject) for subject in list(vendor.first)}
    first_end = farm.running_step(jobs["slow"], "video.script").lease_expires_at
    assert first_end is not None

    def is_three_leases_later() -> bool:
        return (script_of(farm, jobs["slow"]).lease_expires_at or 0.0) > first_end + 3 * farm.settings.lease_ttl_s

    wait_for(is_three_leases_later, within_s=30, what="a lease that is kept")
    may_answer.set()

    ended = {subject: farm.finished(job) for subject, job in jobs.items()}
    refused = ended.pop("unwilling")
    assert refused.error is not None
    assert (refused.status, refused.error.code, refused.error.retryable) == ("failed", "PROVIDER_REFUSED", False)
    assert {job.status for job in ended.values()} == {JobStatus.SUCCEEDED}, farm.log()
    asked = {subject: vendor.times(subject) for subject in jobs}
    assert asked == {"busy": 2, "broken": 3, "cut off": 2, "a proxy": 2, "unwilling": 1, "slow": 1}
    # Who was told when to come back waits, and says so; a pause of our own is part of running.
    assert [subject for subject, job in jobs.items() if "video.waiting" in events_of(farm, job)] == ["busy"]


def test_a_script_that_was_received_is_not_paid_for_again_though_its_worker_is_killed_before_the_commit(
    farm: RealFarm, vendor: ChatVendor
) -> None:
    may_answer = threading.Event()
    vendor.first["the tides"] = [Answer(GOOD.body, after=may_answer)]
    job = ask_for(farm, "the tides")
    step = farm.running_step(job, "video.script")
    wait_for(lambda: vendor.asked, what="a call")
    worker = min(farm.pids("--queues io"))
    notes = farm.settings.storage_dir / "notes"
    with farm.database.begin() as session:
        # While we hold the job nobody commits anything of it.
        lock_job(session, step.job_id)
        may_answer.set()
        wait_for(lambda: notes.is_dir() and list(notes.iterdir()), what="a receipt")
        os.killpg(os.getpgid(worker), signal.SIGKILL)
    assert farm.finished(job).status == JobStatus.SUCCEEDED, farm.log()
    with farm.database.read() as session:
        history = session.scalars(
            select(StepAttempt.error_code).where(StepAttempt.step_id == step.id).order_by(StepAttempt.token)
        ).all()
    assert history == ["WORKER_LOST", None]
    assert vendor.times("the tides") == 1
    wait_for(lambda: not list(notes.iterdir()), what="the receipts to be dropped")


def test_canceled_calls_to_a_vendor_that_hangs_free_their_slots(farm: RealFarm, vendor: ChatVendor) -> None:
    never = threading.Event()
    subjects = [f"silence {number}" for number in range(IO_SLOTS)]
    for subject in subjects:
        vendor.first[subject] = [Answer(GOOD.body, after=never)]
    hanging = [ask_for(farm, subject) for subject in subjects]
    wait_for(lambda: len(vendor.asked) == IO_SLOTS, what="a call in every slot")
    behind = ask_for(farm, "the tides")
    with farm.client() as client:
        for job in hanging:
            assert client.cancel(job.id).status == JobStatus.CANCELED
    wait_for(lambda: vendor.times("the tides"), within_s=5, what="the next call")
    assert farm.finished(behind).status == JobStatus.SUCCEEDED, farm.log()
    with farm.database.read() as session:
        outcomes = session.scalars(select(StepAttempt.outcome).where(StepAttempt.finished_at.is_(None))).all()
    assert not outcomes
