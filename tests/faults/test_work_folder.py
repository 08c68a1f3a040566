"""The work folder removed by somebody's clean-up, or replaced: the step is done again, and the job does not suffer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.client import Effect, VideoRequest
from app.domain.states import JobStatus
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from tests.worker_faults import attempts_of

# In the midst of its first frame until it is let go, so that the folder goes under a step that is at work for sure.
LINGERS = """
import time
from pathlib import Path

def linger(get, at_s):
    Path({at_work!r}).touch()
    while not Path({let_go!r}).exists():
        time.sleep(0.02)
    return get(at_s)

def effect(clip):
    return clip.transform(linger)
"""

pytestmark = pytest.mark.parametrize("servers", ["embedded"], indirect=True)


@pytest.fixture
def at_work(tmp_path: Path) -> Path:
    """Is there once the clip's first frame is asked for."""
    return tmp_path / "at-work"


@pytest.fixture
def let_go(tmp_path: Path) -> Path:
    """Lets the clip be made, once it is there."""
    return tmp_path / "let-go"


@pytest.fixture
def environment(tmp_path: Path, at_work: Path, let_go: Path) -> dict[str, str]:
    folder = tmp_path / "effects"
    folder.mkdir()
    (folder / "lingers.py").write_text(LINGERS.format(at_work=str(at_work), let_go=str(let_go)))
    return {"SCENEWORKS_CPU_SLOTS": "1", "EFFECTS_DIR": str(folder)}


@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "a file in its place"])
def test_a_work_folder_that_vanishes_under_a_step_costs_one_attempt(
    farm: RealFarm, at_work: Path, let_go: Path, replaced: bool
) -> None:
    job = farm.submit(VideoRequest(text="The rain falls on the hills.", size="64x64", effect=Effect("lingers")))
    wait_for(at_work.exists, within_s=60, what="a clip at work")
    step = farm.running_step(job, "video.clip")
    work = farm.settings.work_dir
    shutil.rmtree(work)
    if replaced:
        work.write_bytes(b"")
    let_go.touch()
    if replaced:
        wait_for(lambda: attempts_of(farm, step)[0].outcome, within_s=60, what="the attempt to fail")
        work.unlink()
    done = farm.finished(job)
    assert done.status == JobStatus.SUCCEEDED, (done.error, farm.log())
    attempts = attempts_of(farm, step)
    assert [attempt.outcome for attempt in attempts][-1] == "succeeded"
    assert {attempt.error_code for attempt in attempts[:-1]} == {"TRANSIENT"}
    assert all(str(farm.home) not in (attempt.error_message or "") for attempt in attempts)
