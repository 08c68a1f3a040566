"""A disk that takes two seconds for each sync: nobody is taken for dead, and a death between two of them is mended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from app.client import Job, VideoRequest
from app.domain.states import JobStatus, StepStatus
from app.models import Artifact, Step
from tests.preloads import SlowDisk, skip_reason_for_preloads
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_by_step, pid_at

SYNC_S = 2.0
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 3, size="1080x1920")


@pytest.fixture
def slow_disk(tmp_path: Path) -> SlowDisk:
    if (reason := skip_reason_for_preloads()) is not None:
        pytest.skip(reason)
    return SlowDisk(tmp_path / "home" / "storage", workshop=tmp_path)


@pytest.fixture
def environment(slow_disk: SlowDisk) -> dict[str, str]:
    # With one slot the next file in storage is that of the one clip at work.
    return {**slow_disk.environment, "SCENEWORKS_CPU_SLOTS": "1"}


def test_no_lease_is_lost_for_a_slow_storage(farm: RealFarm, slow_disk: SlowDisk) -> None:
    # A result is synced twice, file and folder: longer than the lease of three seconds.
    assert 2 * SYNC_S > farm.settings.lease_ttl_s
    slow_disk.take(SYNC_S)
    job = farm.submit(VideoRequest(text="Slowly.", size="180x320"))
    wait_for(
        lambda: attempts_by_step(farm, job.id).get("scene/1/clip") == ["succeeded"], within_s=90, what="a stored clip"
    )
    slow_disk.take(0)
    check_succeeded(farm, job)
    history = attempts_by_step(farm, job.id)
    assert {name: ends for name, ends in history.items() if ends != ["succeeded"]} == {}


def test_who_dies_between_a_files_name_and_its_row_leaves_no_second_file(farm: RealFarm, slow_disk: SlowDisk) -> None:
    job = farm.submit(LONG)
    clip = farm.running_step(job, "video.clip")
    worker = wait_for(lambda: pid_at(farm, clip), within_s=30, what="the process that makes the clip")
    wait_for(lambda: "succeeded" in attempts_by_step(farm, job.id)["soundtrack"], within_s=60, what="the soundtrack")
    before = stored_files(farm)
    # The folder is synced after the file has its name, and the row is written after that.
    slow_disk.take(SYNC_S)
    (stored,) = wait_for(lambda: stored_files(farm) - before, within_s=60, every_s=0.01, what="the clip in storage")
    os.kill(worker, signal.SIGKILL)
    assert status_of(farm, clip) == StepStatus.RUNNING
    slow_disk.take(0)

    check_succeeded(farm, job)
    assert attempts_by_step(farm, job.id)[clip.name] == ["failed", "succeeded"]
    with farm.database.read() as session:
        assert session.scalars(select(Artifact.sha256).where(Artifact.step_id == clip.id)).all() == [stored]
        assert stored_files(farm) == set(session.scalars(select(Artifact.sha256)))
    assert not list((farm.settings.storage_dir / "incoming").iterdir())


def check_succeeded(farm: RealFarm, job: Job) -> None:
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())


def stored_files(farm: RealFarm) -> set[str]:
    """The SHA-256 of every file in storage."""
    return {path.name for path in farm.settings.storage_dir.glob("??/??/*")}


def status_of(farm: RealFarm, step: Step) -> str:
    with farm.database.read() as session:
        return session.get_one(Step, step.id).status
