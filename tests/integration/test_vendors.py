"""A vendor that is busy, broken, silent or unwilling: what becomes of the step, and that nothing is paid for twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.domain.states import LIVE_STEP_STATUSES, JobStatus, StepStatus
from app.domain.video import VideoInput
from app.domain.waits import WaitReason
from app.models import Job, Step, StepAttempt
from app.models.database import Database, now_s
from app.providers.openai_writer import OpenAIWriter
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from app.services.leases import LeaseKey
from app.services.recover import recover
from app.services.repeat_job import restart_job
from app.services.run_step import run_step
from app.services.settle_jobs import settle_jobs
from tests.chat_vendor import GOOD, HTML, Answer, ChatVendor, completion, failure
from tests.farms import ListBell, SteadyHeartbeat, make_farm, submit, work_off
from tests.fickle_painter import FicklePainter
from tests.waiting import wait_for
from workers.heartbeat import HeldLease, LeaseHeartbeat

TIDES = "The tides"
VIDEO = VideoInput(prompt=TIDES, width_px=64, height_px=64, fps=24)
REFUSAL = completion(None, refusal="I can't help with that.")
NO_SCRIPT = completion("Sure! Here is your script:")


@pytest.fixture
def vendor() -> Iterator[ChatVendor]:
    with ChatVendor() as vendor:
        yield vendor


@pytest.fixture
def farm(database: Database, tmp_path: Path, vendor: ChatVendor) -> Farm:
    writer = OpenAIWriter(api_key="test-key", model="m", base_url=vendor.url, timeout_s=2.5)
    return replace(make_farm(database, tmp_path), writer=writer)


def script_step(farm: Farm, job_id: str) -> Step:
    with farm.database.read() as session:
        return session.scalars(
            select(Step).join(Job, Job.id == Step.job_id).where(Job.public_id == job_id, Step.name == "script")
        ).one()


def failures(farm: Farm) -> list[tuple[str | None, str | None]]:
    """Every attempt that did not succeed: its outcome and its error's code."""
    with farm.database.read() as session:
        rows = session.execute(
            select(StepAttempt.outcome, StepAttempt.error_code)
            .where(StepAttempt.outcome != "succeeded")
            .order_by(StepAttempt.step_id, StepAttempt.token)
        )
        return list(rows.tuples())


def go_on(farm: Farm) -> None:
    """As if every wait were over: what waits is made ready and called."""
    with farm.database.begin() as session:
        session.execute(update(Step).where(Step.status == StepStatus.WAITING).values(resume_at=now_s()))
    recover(farm.database)
    dispatch(farm.database, farm.bell)


def written(farm: Farm, org_id: int, job_id: str) -> JobView:
    """The job when its script has been written or has failed; no wait is waited for."""
    while script_step(farm, job_id).status in LIVE_STEP_STATUSES:
        if not work_off(farm, steps=1):
            go_on(farm)
    return get_job(farm.database, org_id, job_id)


def test_a_busy_vendor_is_waited_for_without_a_slot_and_costs_no_attempt(
    farm: Farm, org_id: int, vendor: ChatVendor
) -> None:
    vendor.first[TIDES] = [failure(429, retry_after="900")] * 6
    job_id = submit(farm, org_id, VIDEO)
    for postponed in range(1, 7):
        work_off(farm)
        step = script_step(farm, job_id)
        assert (step.status, step.wait_reason, step.attempt) == (StepStatus.WAITING, WaitReason.RETRY_AFTER, 0)
        assert (step.lease_expires_at, step.postponed_s) == (None, 900.0 * postponed)
        settle_jobs(farm.database)
        job = get_job(farm.database, org_id, job_id)
        assert job.status == JobStatus.WAITING and job.waiting is not None
        assert job.waiting.resume_at == step.resume_at
        go_on(farm)
    written(farm, org_id, job_id)
    assert script_step(farm, job_id).status == StepStatus.SUCCEEDED
    assert failures(farm) == [("postponed", "PROVIDER_UNAVAILABLE")] * 6


def test_a_broken_vendor_is_asked_again_later_and_later_until_the_attempts_are_used_up(
    farm: Farm, org_id: int, vendor: ChatVendor
) -> None:
    vendor.answer = failure(500)
    job_id = submit(farm, org_id, VIDEO)
    pauses_s = []
    while True:
        work_off(farm)
        step = script_step(farm, job_id)
        if step.status != StepStatus.WAITING:
            break
        assert (step.wait_reason, step.lease_expires_at) == (WaitReason.BACKOFF, None)
        with farm.database.read() as session:
            ended_at = session.scalars(select(StepAttempt.finished_at).order_by(StepAttempt.token.desc())).first()
        assert step.resume_at is not None and ended_at is not None
        pauses_s.append(round(step.resume_at - ended_at, 3))
        go_on(farm)
    assert pauses_s == [1.0, 2.0, 4.0]
    job = get_job(farm.database, org_id, job_id)
    assert job.status == JobStatus.FAILED and job.error is not None
    assert (job.error.code, job.error.retryable, len(vendor.asked)) == ("PROVIDER_UNAVAILABLE", True, 4)


def test_a_vendor_that_hangs_is_given_up_while_the_lease_is_kept(farm: Farm, org_id: int, vendor: ChatVendor) -> None:
    # The client gives up after two and a half leases.
    patient = replace(farm, lease_ttl_s=1.0)
    vendor.first[TIDES] = [Answer(after=threading.Event())]
    job_id = submit(farm, org_id, VIDEO)
    step_id = script_step(farm, job_id).id
    heartbeat = LeaseHeartbeat(farm.database, patient.lease_ttl_s)
    worker = threading.Thread(target=run_step, args=(patient, heartbeat, step_id, "worker-1"))
    worker.start()

    def has_ended() -> bool:
        assert recover(farm.database).leases == 0
        return not worker.is_alive()

    wait_for(has_ended, within_s=30, what="the client to give up")
    assert failures(farm) == [("failed", "PROVIDER_UNAVAILABLE")]
    go_on(farm)
    written(farm, org_id, job_id)
    assert script_step(farm, job_id).status == StepStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (replace(GOOD, share=0.5), "PROVIDER_UNAVAILABLE"),
        (HTML, "PROVIDER_UNAVAILABLE"),
        (NO_SCRIPT, "PROVIDER_BAD_ANSWER"),
        (completion(json.dumps({"title": "half a scr"}), finish_reason="length"), "PROVIDER_BAD_ANSWER"),
    ],
    ids=["half a body", "html", "no script", "cut short"],
)
def test_an_answer_that_cannot_be_used_is_asked_for_again(
    farm: Farm, org_id: int, vendor: ChatVendor, answer: Answer, code: str
) -> None:
    vendor.first[TIDES] = [answer]
    job = written(farm, org_id, submit(farm, org_id, VIDEO))
    assert script_step(farm, job.id).status == StepStatus.SUCCEEDED
    assert (failures(farm), len(vendor.asked)) == ([("failed", code)], 2)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(REFUSAL, "PROVIDER_REFUSED"), (failure(401), "PERMANENT"), (failure(429, "insufficient_quota"), "PERMANENT")],
    ids=["refused", "wrong key", "no money"],
)
def test_what_another_try_would_not_change_fails_at_once(
    farm: Farm, org_id: int, vendor: ChatVendor, answer: Answer, code: str
) -> None:
    vendor.answer = answer
    job = written(farm, org_id, submit(farm, org_id, VIDEO))
    assert job.status == JobStatus.FAILED and job.error is not None
    assert (job.error.code, job.error.retryable, len(vendor.asked)) == (code, False, 1)


class LateCommits(SteadyHeartbeat):
    """Every step's first claim is taken back when its result is there and not yet committed, as after a death."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def hold(self, key: LeaseKey) -> Iterator[HeldLease]:
        yield LateLease(key, self._database)


class LateLease(HeldLease):
    def __init__(self, key: LeaseKey, database: Database) -> None:
        super().__init__(key)
        self._database = database

    def report(self, fraction: float) -> None:
        if self.key.token == 1 and fraction == 1.0:
            with self._database.begin() as session:
                session.execute(update(Step).where(Step.id == self.key.step_id).values(lease_expires_at=now_s() - 1))
            recover(self._database)


def work_off_late(farm: Farm, *, steps: int = 10_000) -> None:
    assert isinstance(farm.bell, ListBell)
    while farm.bell.rung and steps:
        run_step(farm, LateCommits(farm.database), farm.bell.rung.pop(0).step_id, "worker-1")
        steps -= 1


def restarted(farm: Farm, org_id: int, job: JobView) -> JobView:
    """The job that does it anew, the only one whose doorbell has been rung."""
    cancel_job(farm.database, Asking(org_id, "cancel"), job.id)
    assert isinstance(farm.bell, ListBell)
    farm.bell.rung.clear()
    return restart_job(farm, Asking(org_id, "again"), job.id).job


def notes_of(farm: Farm, folder: Path) -> list[Path]:
    return list((folder / "storage" / "notes").iterdir())


def test_no_vendor_is_paid_twice_though_every_first_commit_comes_too_late(
    farm: Farm, org_id: int, vendor: ChatVendor, tmp_path: Path
) -> None:
    painter = FicklePainter()
    farm = replace(farm, painter=painter)
    job_id = submit(farm, org_id, VIDEO)
    work_off_late(farm)
    assert get_job(farm.database, org_id, job_id).status == JobStatus.SUCCEEDED
    assert ("failed", "WORKER_LOST") in failures(farm)
    assert (len(vendor.asked), sorted(request.number for request in painter.painted)) == (1, [1, 2])
    # What has been committed is remembered by the database.
    assert notes_of(farm, tmp_path) == []


def test_a_step_that_is_done_anew_takes_over_its_own_receipt_and_no_older_result(
    farm: Farm, org_id: int, vendor: ChatVendor
) -> None:
    first = written(farm, org_id, submit(farm, org_id, VIDEO))
    anew = restarted(farm, org_id, first)
    work_off_late(farm, steps=2)
    assert script_step(farm, anew.id).status == StepStatus.SUCCEEDED
    assert failures(farm)[-1] == ("failed", "WORKER_LOST")
    assert len(vendor.asked) == 2


def test_a_receipt_whose_bytes_are_gone_is_worth_nothing(
    farm: Farm, org_id: int, vendor: ChatVendor, tmp_path: Path
) -> None:
    submit(farm, org_id, VIDEO)
    work_off_late(farm, steps=1)
    (receipt,) = notes_of(farm, tmp_path)
    for output in json.loads(receipt.read_bytes())["outputs"].values():
        farm.storage.path(output["sha256"]).unlink()
    work_off(farm, steps=1)
    assert len(vendor.asked) == 2


def test_a_call_keeps_its_key_until_an_answer_was_of_no_use(farm: Farm, org_id: int, vendor: ChatVendor) -> None:
    vendor.first[TIDES] = [failure(500), failure(429, retry_after="5"), NO_SCRIPT, failure(503)]
    first = written(farm, org_id, submit(farm, org_id, VIDEO))
    written(farm, org_id, restarted(farm, org_id, first).id)
    keys = [asked.key for asked in vendor.asked]
    assert keys[0] is not None
    assert [keys.index(key) for key in keys] == [0, 0, 0, 3, 3, 5]
