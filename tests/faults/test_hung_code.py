"""Code that never comes back, an operator's own effect: a cancel frees its slot all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.client import Effect, VideoRequest
from app.domain.states import JobStatus
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from workers.heartbeat import Patience

HANGS = """
import time
from pathlib import Path

def hang(get, at_s):
    Path({mark!r}).touch()
    time.sleep(3600)

def effect(clip):
    return clip.transform(hang)
"""


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Is there once the code hangs."""
    return tmp_path / "it-hangs"


@pytest.fixture
def environment(tmp_path: Path, mark: Path) -> dict[str, str]:
    folder = tmp_path / "effects"
    folder.mkdir()
    (folder / "hangs.py").write_text(HANGS.format(mark=str(mark)))
    return {"SCENEWORKS_CPU_SLOTS": "1", "EFFECTS_DIR": str(folder)}


@pytest.mark.parametrize("servers", ["embedded"], indirect=True)
def test_a_canceled_step_whose_code_hangs_is_ended_with_its_process(farm: RealFarm, mark: Path) -> None:
    before = set(farm.pids("--queues"))
    job = farm.submit(VideoRequest(text="This one hangs.", size="64x64", effect=Effect("hangs")))
    wait_for(mark.exists, within_s=60, what="code that hangs")
    with farm.client() as client:
        assert client.cancel(job.id).status == JobStatus.CANCELED
    after = farm.submit(VideoRequest(text="This one does not.", size="64x64"))
    assert farm.finished(after, within_s=60 + Patience().lost_s).status == JobStatus.SUCCEEDED
    # The pool's child that hung, and neither its worker nor any other.
    assert len(before - set(farm.pids("--queues"))) == 1
