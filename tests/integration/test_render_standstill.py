"""What scripts/render says while nothing moves: never a command that only looks hung."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pty
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.client import Client, Job, JobWait, Readiness, Stage, VideoRequest
from app.domain.states import JobStatus
from tests.served_api import ServedApi
from tests.waiting import wait_for
from workers.rendering.display import Live, Plain
from workers.rendering.failures import describe_failure
from workers.rendering.outputs import not_saved
from workers.rendering.progress_text import Style
from workers.rendering.standstill import NO_ANSWER, NO_WORKER, Reached, Watchman, ask_why, explain_faults, explain_wait

STILL_S = 0.2
NOW = datetime(2030, 5, 1, 12, 0, tzinfo=UTC)
JOB = Job(
    "vid_1", "video", JobStatus.RUNNING, "drawing", (Stage("drawing", 1, 4),), 40, None, 60, None, {}, "req_1",
    NOW, NOW, None, None, (),
)  # fmt: skip


class Heard:
    """A Display that only remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def show(self, job: Job) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ServedApi]:
    with ServedApi(tmp_path / "farm") as api:
        yield api


def test_a_full_disk_is_said_in_words_and_other_parts_by_name() -> None:
    full = Readiness({"storage": f"Nothing can be stored now: {os.strerror(errno.ENOSPC)}."})
    assert explain_faults(full) == "the farm's disk is full. It goes on by itself when there is space."
    assert "database does not answer" in str(explain_faults(Readiness({"database": "It is away."})))
    assert "broker does not answer" in str(explain_faults(Readiness({"broker": "It is away."})))
    assert "Read-only" in str(explain_faults(Readiness({"storage": "Read-only file system."})))
    assert explain_faults(Readiness({})) is None


def test_a_wait_says_when_it_ends_in_local_time() -> None:
    wait = JobWait("closed_hours", "Closed.", NOW + timedelta(hours=1))
    assert explain_wait(wait, NOW) == "Closed. It goes on at 13:00."
    assert explain_wait(replace(wait, resume_at=NOW + timedelta(days=1)), NOW) == (
        "Closed. It goes on at 12:00 on 2030-05-02."
    )
    assert explain_wait(replace(wait, resume_at=None), NOW) == "Closed."


def test_a_step_that_is_tried_again_and_again_moves_nothing_onwards() -> None:
    reached = Reached.by(JOB)
    assert not reached.is_passed_by(Reached.by(replace(JOB, eta_seconds=90)))
    assert not reached.is_passed_by(Reached.by(replace(JOB, progress=38)))
    assert reached.is_passed_by(Reached.by(replace(JOB, progress=41)))
    assert reached.is_passed_by(Reached.by(replace(JOB, stages=(Stage("drawing", 2, 4),))))
    assert reached.is_passed_by(Reached.by(replace(JOB, status=JobStatus.WAITING)))


def test_a_reason_is_said_once_another_when_it_changes_and_at_last_that_it_goes_on(api: ServedApi) -> None:
    incoming = api.settings.home / "storage" / "incoming"
    incoming.parent.mkdir(exist_ok=True)
    incoming.touch()
    heard = Heard()
    with Watchman(api.url, api.key, heard, still_s=STILL_S) as watchman:
        watchman.heard(JOB)
        wait_for(lambda: heard.said, what="the reason")
        watchman.heard(replace(JOB, eta_seconds=None))
        assert heard.said == ["Waiting: the farm's storage is not well. Nothing can be stored now: File exists."]
        incoming.unlink()
        wait_for(lambda: len(heard.said) > 1, what="the next reason")
        watchman.heard(replace(JOB, progress=50))
    assert heard.said[1:] == [f"Waiting: {NO_WORKER}", "It goes on."]


def test_a_farm_without_workers_and_one_that_is_away_are_told_apart(api: ServedApi) -> None:
    with Client(api.url, api.key, patience_s=0.0) as client:
        assert ask_why(client) == NO_WORKER
        api.stop()
        assert ask_why(client) == NO_ANSWER
        api.start()


def test_a_job_that_moves_asks_nothing_and_says_nothing(api: ServedApi) -> None:
    heard = Heard()
    with Watchman(api.url, api.key, heard, still_s=60.0) as watchman:
        watchman.heard(JOB)
        watchman.heard(replace(JOB, progress=50))
    assert heard.said == []


def test_a_waiting_job_names_its_reason_at_once_and_when_it_goes_on(api: ServedApi) -> None:
    heard = Heard()
    with Watchman(api.url, api.key, heard, still_s=60.0) as watchman:
        watchman.heard(replace(JOB, status=JobStatus.WAITING, waiting=JobWait("pool_paused", "Paused.", None)))
        watchman.heard(JOB)
    assert heard.said == ["Waiting: Paused.", "It goes on."]


def test_the_clients_job_carries_the_farms_wait(api: ServedApi) -> None:
    with Client(api.url, api.key) as client:
        job = client.submit_video(VideoRequest(text="A river.", size="64x64"), idempotency_key="waiting")
        asked = client._transport.get(f"/api/jobs/{job.id}")
    assert job.waiting is None
    told = {"reason": "pool_paused", "message": "Paused.", "resume_at": "2030-05-01T12:00:00Z"}
    assert Job.from_json({**asked, "waiting": told}).waiting == JobWait("pool_paused", "Paused.", NOW)


def all_of(near: int) -> str:
    """What was written to a terminal whose far end is closed: it comes in pieces, and ends with an error."""
    pieces = []
    with os.fdopen(near, "rb", buffering=0) as shown, contextlib.suppress(OSError):
        while piece := shown.read(65536):
            pieces.append(piece)
    return b"".join(pieces).decode()


def test_a_terminal_keeps_its_block_below_what_is_said() -> None:
    near, far = pty.openpty()
    with os.fdopen(far, "w", encoding="utf-8") as terminal:
        live = Live(terminal, Style(colour=False, unicode=True))
        live.show(JOB)
        live.say("Waiting: the farm's disk is full.")
        live.close()
        live.say("after")
    shown = all_of(near)
    assert shown.count("Waiting: the farm's disk is full.") == 1
    assert shown.index("Waiting:") < shown.index("after")


def test_a_log_gets_a_plain_line() -> None:
    stream = io.StringIO()
    Plain(stream).say("Waiting: Paused.")
    assert stream.getvalue() == "Waiting: Paused.\n"


@pytest.mark.parametrize(
    ("number", "code", "is_retryable"), [(errno.ENOSPC, "DISK_FULL", True), (errno.EIO, "CANNOT_WRITE", False)]
)
def test_outputs_that_could_not_be_saved_are_still_on_the_farm(number: int, code: str, is_retryable: bool) -> None:
    failure = not_saved(Path("out.mp4"), OSError(number, os.strerror(number)), "vid_1")
    assert (failure.code, failure.retryable, failure.job_id) == (code, is_retryable, "vid_1")
    said = describe_failure(failure)
    assert "The job vid_1 is finished on the farm." in said
    assert ("Trying again may help." in said) == is_retryable
    assert ("Free some space first." in said) == is_retryable
