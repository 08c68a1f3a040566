"""kill -9 in the middle of a render: the same video comes out, and nothing is done twice or lost."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.client import Job, VideoRequest
from app.domain.states import JobStatus, Pool, StepStatus
from app.domain.video import VideoInput
from app.models import Job as JobRow
from app.models import JobEvent, Step, StepAttempt
from app.models.database import Database, database_now_s
from app.models.migrate import migrate
from app.services.job_views import get_job
from tests.farms import make_farm, make_org, submit, work_off
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_of

TEXT = "The first scene speaks of rain. It falls on the hills.\n\nThe second follows the water down to the sea."
REQUEST = VideoRequest(text=TEXT, size="720x1280")
RESUMES_WITHIN_S = 15.0
# Less than one of its clips takes.
RANDOM_WITHIN_S = 1.0


@pytest.fixture
def environment() -> dict[str, str]:
    # The product's own lease: it is with that one that work goes on in time.
    return {"LEASE_TTL_S": ""}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SHA-256 of the same video, made in one process that nobody kills."""
    folder: Path = tmp_path_factory.mktemp("undisturbed")
    url = f"sqlite:///{folder / 'farm.db'}"
    migrate(url)
    database = Database(url)
    farm = make_farm(database, folder)
    org_id = make_org(database)
    job_id = submit(farm, org_id, VideoInput(text=TEXT, width_px=720, height_px=1280))
    work_off(farm)
    job = get_job(database, org_id, job_id)
    database.close()
    return next(output.sha256 for output in job.outputs if output.name == "video.mp4")


def check(farm: RealFarm, job: Job, sha256: str) -> None:
    """The job gave the very same video, with one terminal event, one output a step, and a complete history."""
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    output = done.output("video.mp4")
    assert output is not None
    assert output.sha256 == sha256
    with farm.database.read() as session:
        job_id = session.scalar(select(JobRow.id).where(JobRow.public_id == job.id))
        ends = session.scalars(
            select(JobEvent.type).where(
                JobEvent.job_id == job_id,
                JobEvent.type.in_(["video.succeeded", "video.failed", "video.canceled"]),
            )
        ).all()
        assert ends == ["video.succeeded"]
        steps = session.scalars(select(Step).where(Step.job_id == job_id)).all()
        assert {step.status for step in steps} == {"succeeded"}
        won = select(func.count()).where(
            StepAttempt.step_id.in_([step.id for step in steps]),
            StepAttempt.outcome.in_(["succeeded", "adopted"]),
        )
        assert session.scalar(won) == len(steps)
        unfinished = select(func.count()).where(StepAttempt.outcome.is_(None))
        assert session.scalar(unfinished) == 0
    # The dead have left theirs behind: whoever took their place has removed it.
    wait_for(lambda: not list(farm.settings.work_dir.iterdir()), what="an empty work folder")


@pytest.mark.row(1)
def test_a_killed_worker_loses_no_scene(
    farm: RealFarm, undisturbed: str, sizes: Sizes, record_property: RecordProperty
) -> None:
    chance = random.Random(1)
    job, kills = farm.submit(REQUEST), 0
    while True:
        farm.running_step(job, "video.clip")
        # Any moment is as good as another.
        time.sleep(chance.uniform(0, RANDOM_WITHIN_S))
        killed_at, at_work, done = kill_the_cpu_worker(farm, job)
        check(farm, job, undisturbed)
        for step in at_work:
            lost, again = attempts_of(farm, step)
            assert lost.error_code == "WORKER_LOST"
            resumed_s = again.started_at - killed_at
            record_property("resumed_s", resumed_s)
            assert resumed_s <= RESUMES_WITHIN_S
        for step in done:
            assert len(attempts_of(farm, step)) == 1, f"{step.name} was done again"
        record_property("steps_kept", len(done))
        kills += bool(at_work)
        if kills == sizes.worker_kills:
            return
        # From nothing, so that no step is adopted and each loses a worker for the first time.
        with farm.client() as client:
            job = client.restart(job.id, idempotency_key=uuid.uuid4().hex)
        farm.accepted.append(job.id)


def kill_the_cpu_worker(farm: RealFarm, job: Job) -> tuple[float, list[Step], list[Step]]:
    """Kill it with all its processes: when that was, the job's steps that it was at, and those that were done."""
    with farm.database.read() as session:
        killed_at = database_now_s(session)
    os.killpg(os.getpgid(min(farm.pids("--queues cpu"))), signal.SIGKILL)
    with farm.database.read() as session:
        of_job = select(Step).join(JobRow, JobRow.id == Step.job_id).where(JobRow.public_id == job.id)
        at_work = session.scalars(of_job.where(Step.pool == Pool.CPU, Step.status == StepStatus.RUNNING)).all()
        done = session.scalars(of_job.where(Step.status == StepStatus.SUCCEEDED)).all()
    return killed_at, list(at_work), list(done)


def test_killed_pool_children_are_replaced_and_their_steps_are_done_again(farm: RealFarm, undisturbed: str) -> None:
    job = farm.submit(REQUEST)
    farm.running_step(job, "video.clip")
    parent, *children = sorted(farm.pids("--queues cpu"))
    for child in children:
        os.kill(child, signal.SIGKILL)
    check(farm, job, undisturbed)
    assert parent in farm.pids("--queues cpu")
    with farm.database.read() as session:
        reasons = session.scalars(
            select(StepAttempt.error_message).where(StepAttempt.error_code == "WORKER_LOST")
        ).all()
    assert reasons
    assert [reason for reason in reasons if "has died: signal 9 (SIGKILL)" not in reason] == []


def test_a_killed_farm_goes_on_where_it_was_when_it_is_started_again(farm: RealFarm, undisturbed: str) -> None:
    job = farm.submit(REQUEST)
    farm.running_step(job, "video.clip")
    farm.process.kill()
    farm.process.wait()
    farm.start()
    check(farm, job, undisturbed)


def test_a_killed_dispatcher_and_web_process_are_replaced(farm: RealFarm, undisturbed: str) -> None:
    job = farm.submit(REQUEST)
    for name in ("workers.dispatcher", "gunicorn"):
        for pid in farm.pids(name):
            os.kill(pid, signal.SIGKILL)
    check(farm, job, undisturbed)
