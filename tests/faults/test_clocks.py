"""Clocks that are an hour off: what decides is the database's clock, and with SQLite that is the machine's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app.client import SceneRequest, VideoRequest
from app.domain.states import JobStatus
from app.models import Job as JobRow
from app.models import JobEvent, Step, StepAttempt
from app.models.database import database_now_s
from tests.faults.conftest import Servers
from tests.preloads import NOT_PRELOADED, WrongClock, skip_reason_for_preloads
from tests.real_farm import ROOT, RealFarm, real_farm
from tests.worker_faults import another_worker, attempts_by_step

FRONT = ("web", "dispatcher", "release")
WINDOW_S = 4.0
TWO_SCENES = VideoRequest(scenes=(SceneRequest("The first scene."), SceneRequest("The second one.")), size="180x320")
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 3, size="1080x1920")

pytestmark = pytest.mark.skipif(skip_reason_for_preloads() is not None, reason=str(skip_reason_for_preloads()))
only_servers = pytest.mark.parametrize("servers", ["servers"], indirect=True)
only_embedded = pytest.mark.parametrize("servers", ["embedded"], indirect=True)
an_hour_off = pytest.mark.parametrize("offset_s", [3600, -3600])


@contextmanager
def farm_with_clocks(
    folder: Path, servers: Servers, *, of_the_front: dict[str, str], of_the_workers: dict[str, str]
) -> Iterator[RealFarm]:
    """API and dispatcher with one clock, workers with another, the servers with the right one."""
    procfile = folder / "Procfile.front"
    lines = (ROOT / "Procfile").read_text().splitlines(keepends=True)
    procfile.write_text("".join(line for line in lines if line.split(":")[0] in FRONT))
    settings = {
        "DATABASE_URL": servers.postgres.new_database(),
        "REDIS_URL": servers.redis.url,
        # The second picture has to wait for its turn.
        "PROVIDER_WINDOWS": f"drawn=1/{WINDOW_S:g}s",
    }
    farm = RealFarm(folder / "home", {**settings, **of_the_front}, ["--procfile", str(procfile)])
    try:
        with another_worker(farm, "cpu", **of_the_workers), another_worker(farm, "io", **of_the_workers):
            yield farm
            farm.check_books()
    finally:
        farm.close()


@only_servers
@an_hour_off
def test_workers_whose_clock_is_wrong_move_no_lease_and_no_time(
    tmp_path: Path, servers: Servers, offset_s: int
) -> None:
    wrong = WrongClock(tmp_path, offset_s)
    with farm_with_clocks(tmp_path, servers, of_the_front={}, of_the_workers=wrong.environment) as farm:
        check_times_are_the_databases(farm)


@only_servers
@an_hour_off
def test_an_api_and_a_dispatcher_whose_clock_is_wrong_move_no_lease_and_no_time(
    tmp_path: Path, servers: Servers, offset_s: int
) -> None:
    wrong = WrongClock(tmp_path, offset_s)
    with farm_with_clocks(tmp_path, servers, of_the_front=wrong.environment, of_the_workers=NOT_PRELOADED) as farm:
        check_times_are_the_databases(farm)


def check_times_are_the_databases(farm: RealFarm) -> None:
    """A video is made without a lost lease, waits for as long as it has to, and every time is the database's."""
    with farm.database.read() as session:
        began = database_now_s(session)
    job = farm.submit(TWO_SCENES)
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    assert set(map(tuple, attempts_by_step(farm, job.id).values())) == {("succeeded",)}
    with farm.database.read() as session:
        ended = database_now_s(session)
        row = session.execute(select(JobRow).where(JobRow.public_id == job.id)).scalar_one()
        steps = session.scalars(select(Step).where(Step.job_id == row.id)).all()
        attempts = session.scalars(select(StepAttempt).where(StepAttempt.step_id.in_([step.id for step in steps])))
        times = [row.created_at, row.started_at, row.finished_at, done.created_at.timestamp() + 0.001]
        times += [time for attempt in attempts for time in (attempt.started_at, attempt.finished_at)]
        times += session.scalars(select(JobEvent.at).where(JobEvent.job_id == row.id))
    assert [time for time in times if time is None or not began <= time <= ended] == []
    first, second = sorted(step.started_at or 0.0 for step in steps if step.kind == "video.image")
    assert second - first >= WINDOW_S


@only_embedded
@an_hour_off
def test_on_one_host_a_clock_that_jumps_costs_a_second_attempt_at_most(
    tmp_path: Path, servers: None, offset_s: int
) -> None:
    one_clock = WrongClock(tmp_path)
    with real_farm(tmp_path / "home", **one_clock.environment) as farm:
        job = farm.submit(LONG)
        farm.running_step(job, "video.clip")
        one_clock.put(offset_s)
        for made in (job, farm.submit(TWO_SCENES)):
            done = farm.finished(made)
            assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
            for attempts in attempts_by_step(farm, made.id).values():
                assert attempts in (["succeeded"], ["failed", "succeeded"])
