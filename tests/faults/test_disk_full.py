"""A disk without a free byte: work waits and says why, nothing more is accepted, and all goes on when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from app.client import FarmUnable, Job, VideoRequest
from app.domain.states import JobStatus, StepStatus
from app.domain.waits import WaitReason
from app.models import Artifact, Step
from tests.real_farm import RealFarm
from tests.small_disks import filled, skip_reason_for_disks, small_disk
from tests.waiting import wait_for
from tests.worker_faults import attempts_of

LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 3, size="1080x1920")
SMALL = VideoRequest(text="Hello.", size="64x64")
DISK_MIB, FLOOR_MIB = 64, 16


@pytest.fixture(params=["work", "storage"])
def place(request: pytest.FixtureRequest) -> str:
    """Which of the farm's folders is on the small disk."""
    return str(request.param)


@pytest.fixture
def disk(place: str, tmp_path: Path) -> Iterator[Path]:
    if (reason := skip_reason_for_disks()) is not None:
        pytest.skip(reason)
    with small_disk(tmp_path / "home" / place, DISK_MIB) as mounted:
        yield mounted


@pytest.fixture
def environment(disk: Path, place: str) -> dict[str, str]:
    settings = {"SCENEWORKS_MIN_FREE_MIB": str(FLOOR_MIB)}
    if place == "database":
        settings["DATABASE_URL"] = f"sqlite:///{disk / 'farm.db'}"
    return settings


def test_work_waits_for_room_without_using_up_attempts(farm: RealFarm, disk: Path) -> None:
    job = farm.submit(LONG)
    step = farm.running_step(job, "video.clip")
    with filled(disk):
        check_nothing_is_accepted(farm)
        waiting = wait_for(lambda: postponed(farm, step), within_s=60, what="the clip to be put off")
        assert (waiting.error_code, waiting.attempt) == ("STORAGE_FULL", 0)
        assert "full" in (waiting.error_message or "")
        check_nothing_half_done(farm, step)
    check_it_goes_on(farm, job)
    outcomes = [attempt.outcome for attempt in attempts_of(farm, step)]
    assert set(outcomes[:-1]) == {"postponed"} and outcomes[-1] == "succeeded"


@pytest.mark.parametrize("servers", ["embedded"], indirect=True)
def test_a_picture_of_the_callers_own_waits_for_room_as_well(farm: RealFarm, disk: Path, tmp_path: Path) -> None:
    # Large in pixels, so that its import takes a moment, and small in bytes, for it has to fit in.
    Image.radial_gradient("L").resize((6000, 6000)).save(tmp_path / "own.jpg", quality=60)
    with farm.client() as client:
        own = client.upload(tmp_path / "own.jpg")
    job = farm.submit(replace(SMALL, images=(own.id,), size="4096x4096"))
    step = farm.running_step(job, "video.image")
    with filled(disk):
        waiting = wait_for(lambda: postponed(farm, step), within_s=60, what="the picture to be put off")
        assert (waiting.error_code, waiting.attempt) == ("STORAGE_FULL", 0)
        check_nothing_half_done(farm, step)
    # How large the video is changes nothing here, and this one would take minutes.
    with farm.client() as client:
        client.cancel(job.id)
    assert farm.finished(job).status == JobStatus.CANCELED


@pytest.mark.parametrize("servers", ["embedded"], indirect=True)
@pytest.mark.parametrize("place", ["database"], indirect=True)
def test_a_database_without_room_loses_nothing(farm: RealFarm, disk: Path) -> None:
    job = farm.submit(LONG)
    step = farm.running_step(job, "video.clip")
    with filled(disk):
        check_nothing_is_accepted(farm)
        wait_for(lambda: farm.says("database_awaited"), within_s=60, what="a result that cannot be written down")
    check_it_goes_on(farm, job)
    # Whoever is first when there is room, the worker with its result or the sweep that finds its lease overdue.
    outcomes = [attempt.outcome for attempt in attempts_of(farm, step)]
    assert outcomes in (["succeeded"], ["failed", "succeeded"])


def check_nothing_is_accepted(farm: RealFarm) -> None:
    with pytest.raises(FarmUnable) as refused:
        farm.submit(SMALL)
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "STORAGE_FULL", 5.0)


def check_it_goes_on(farm: RealFarm, job: Job) -> None:
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    assert farm.finished(farm.submit(SMALL)).status == JobStatus.SUCCEEDED


def postponed(farm: RealFarm, step: Step) -> Step | None:
    """The step, once it waits for room."""
    with farm.database.read() as session:
        found = session.get_one(Step, step.id)
    return found if (found.status, found.wait_reason) == (StepStatus.WAITING, WaitReason.STORAGE_FULL) else None


def check_nothing_half_done(farm: RealFarm, step: Step) -> None:
    with farm.database.read() as session:
        assert not session.scalars(select(Artifact).where(Artifact.step_id == step.id)).all()
    # Another step may be about to put something; nothing stays there.
    wait_for(lambda: not list((farm.settings.storage_dir / "incoming").iterdir()), what="half a file in the storage")
    assert not list(farm.settings.work_dir.glob(f"{step.id}-*"))
