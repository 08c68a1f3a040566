"""A job that is canceled while it runs: its worker's slot is free within five seconds, whatever it was making."""

from __future__ import annotations

import pytest

from app.client import VideoRequest
from app.domain.states import JobStatus
from app.services.sweep_work import work_folder
from tests.real_farm import RealFarm
from tests.waiting import wait_for

# standards/faults.md, 17.
SLOT_FREE_WITHIN_S = 5.0
LARGEST = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 40, size="4096x4096")


@pytest.mark.parametrize("servers", ["embedded"], indirect=True)
@pytest.mark.parametrize("kind", ["video.image", "video.narration"])
def test_a_cancel_ends_a_large_picture_and_a_long_narration(farm: RealFarm, kind: str) -> None:
    job = farm.submit(LARGEST)
    step = farm.running_step(job, kind)
    with farm.client() as client:
        assert client.cancel(job.id).status == JobStatus.CANCELED
    folder = work_folder(farm.settings.work_dir, step.id, step.token)
    wait_for(lambda: not folder.exists(), within_s=SLOT_FREE_WITHIN_S, what="the slot to be free")
