"""A worker that is not heard of for longer than its lease, and comes back: what it still holds counts for nothing."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from sqlalchemy import func, select

from app.client import Job, SceneRequest, VideoRequest
from app.domain.states import JobStatus, StepStatus
from app.models import Artifact, Step, Worker
from tests.faults.conftest import Servers
from tests.real_farm import RealFarm
from tests.relay import Relay
from tests.waiting import wait_for
from tests.worker_faults import another_worker, attempts_by_step, frozen_worker, running_again

LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")
SEVERAL_SCENES = VideoRequest(
    scenes=tuple(SceneRequest(f"Scene {number} speaks of the rain on the hills.") for number in range(1, 7)),
    size="720x1280",
)


def check_done_once_after_all(farm: RealFarm, job: Job, victim: Step) -> None:
    """The job has succeeded, the victim in its second attempt, and the first left nothing behind."""
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    wait_for(lambda: farm.says("step_let_go"), within_s=30, what="the old worker to let go of its step")
    assert attempts_by_step(farm, job.id)[victim.name] == ["failed", "succeeded"]
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).where(Artifact.step_id == victim.id)) == 1
        assert session.get_one(Step, victim.id).token == victim.token + 1


def test_a_frozen_worker_that_wakes_up_late_commits_nothing(farm: RealFarm) -> None:
    job = farm.submit(LONG)
    victim = farm.running_step(job, "video.clip")
    with ExitStack() as rescue:
        with frozen_worker(farm, "cpu"):
            rescue.enter_context(another_worker(farm, "cpu"))
            running_again(farm, victim)
        check_done_once_after_all(farm, job, victim)


@pytest.mark.parametrize("servers", ["servers"], indirect=True)
def test_a_worker_cut_off_from_the_database_commits_nothing_when_it_is_back(farm: RealFarm, servers: Servers) -> None:
    port = servers.postgres.port
    with Relay(port) as relay:
        through_relay = farm.settings.database_url.replace(f":{port}/", f":{relay.port}/")
        with another_worker(farm, "cpu", DATABASE_URL=through_relay) as process:
            job = farm.submit(SEVERAL_SCENES)
            victim = wait_for(lambda: clip_at(farm, process.pid), within_s=60, every_s=0.02, what="a clip in its hands")
            relay.cut()
            running_again(farm, victim)
            relay.heal()
            check_done_once_after_all(farm, job, victim)


def clip_at(farm: RealFarm, pid: int) -> Step | None:
    """A clip that the worker with this pid is at."""
    with farm.database.read() as session:
        worker = select(Worker.name).where(Worker.pid == pid).scalar_subquery()
        running = select(Step).where(Step.kind == "video.clip", Step.status == StepStatus.RUNNING)
        return session.scalars(running.where(Step.worker == worker)).first()
