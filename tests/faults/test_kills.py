"""kill -9 in the middle of a render: the same video comes out, and nothing is done twice or lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.client import Job, VideoRequest
from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.models import Job as JobRow
from app.models import JobEvent, Step, StepAttempt
from app.models.database import Database
from app.models.migrate import migrate
from app.services.job_views import get_job
from tests.farms import make_farm, make_org, submit, work_off
from tests.real_farm import RealFarm
from tests.waiting import wait_for

TEXT = "The first scene speaks of rain. It falls on the hills.\n\nThe second follows the water down to the sea."
REQUEST = VideoRequest(text=TEXT, size="720x1280")


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


def test_a_killed_worker_loses_no_scene(farm: RealFarm, undisturbed: str) -> None:
    job = farm.submit(REQUEST)
    victim = farm.running_step(job, "video.clip")
    worker = min(farm.pids("--queues cpu"))
    os.killpg(os.getpgid(worker), signal.SIGKILL)
    check(farm, job, undisturbed)
    with farm.database.read() as session:
        lost = session.scalars(
            select(StepAttempt.error_code).where(StepAttempt.step_id == victim.id, StepAttempt.outcome == "failed")
        ).all()
    assert lost == ["WORKER_LOST"]


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


def test_a_cancel_in_mid_render_frees_the_worker(farm: RealFarm) -> None:
    job = farm.submit(VideoRequest(text=TEXT, size="1080x1920"))
    farm.running_step(job, "video.clip")
    with farm.client() as client:
        assert client.cancel(job.id).status == JobStatus.CANCELED
    # The slots are free again: another job gets through, on workers that were not restarted.
    workers = farm.pids("--queues cpu")
    after = farm.finished(farm.submit(VideoRequest(text="Hello.", size="64x64")), within_s=20)
    assert after.status == JobStatus.SUCCEEDED
    assert farm.pids("--queues cpu") == workers
    wait_for(lambda: not list(farm.settings.work_dir.iterdir()), what="an empty work folder")
