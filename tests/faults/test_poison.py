"""A step that kills whoever does it: tried a few times, each later than the one before, and then given up."""

from __future__ import annotations

from itertools import pairwise

from app.client import VideoRequest
from app.domain.plan import MAX_ATTEMPTS
from app.domain.states import JobStatus
from tests.real_farm import RealFarm
from tests.worker_faults import attempts_of, kill_at_work, running_again

POISON = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 3, size="1080x1920")
# What lies between the end of one attempt and the start of the next, at least: a lost worker is first forgiven.
PAUSES_S = (0.0, 1.0, 2.0)


def test_a_poison_step_is_given_up_after_its_attempts_and_the_others_go_on(farm: RealFarm) -> None:
    job = farm.submit(POISON)
    step = farm.running_step(job, "video.clip")
    kill_at_work(farm, step)
    others = []
    for number in range(1, MAX_ATTEMPTS):
        others.append(farm.submit(VideoRequest(text=f"Bystander {number}.", size="64x64")))
        step = running_again(farm, step)
        kill_at_work(farm, step)

    failed = farm.finished(job)
    assert failed.status == JobStatus.FAILED, farm.log()
    assert failed.error is not None
    assert (failed.error.code, failed.error.retryable) == ("WORKER_LOST", True)
    assert step.name in failed.error.message
    history = attempts_of(farm, step)
    assert [(attempt.outcome, attempt.error_code) for attempt in history] == [("failed", "WORKER_LOST")] * MAX_ATTEMPTS
    for (one, another), pause_s in zip(pairwise(history), PAUSES_S, strict=True):
        assert one.finished_at is not None
        assert another.started_at - one.finished_at >= pause_s

    assert {farm.finished(other).status for other in others} == {JobStatus.SUCCEEDED}
