"""The work folder removed by somebody's clean-up, or replaced: the step is done again, and the job does not suffer."""

from __future__ import annotations

import shutil

import pytest

from app.client import VideoRequest
from app.domain.states import JobStatus
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_of

LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 3, size="1080x1920")

pytestmark = pytest.mark.parametrize("servers", ["embedded"], indirect=True)


@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "a file in its place"])
def test_a_work_folder_that_vanishes_under_a_step_costs_one_attempt(farm: RealFarm, replaced: bool) -> None:
    job = farm.submit(LONG)
    step = farm.running_step(job, "video.clip")
    work = farm.settings.work_dir
    shutil.rmtree(work)
    if replaced:
        work.write_bytes(b"")
        wait_for(lambda: attempts_of(farm, step)[0].outcome, within_s=60, what="the attempt to fail")
        work.unlink()
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    attempts = attempts_of(farm, step)
    assert [attempt.outcome for attempt in attempts][-1] == "succeeded"
    assert {attempt.error_code for attempt in attempts[:-1]} == {"TRANSIENT"}
    assert all(str(farm.home) not in (attempt.error_message or "") for attempt in attempts)
