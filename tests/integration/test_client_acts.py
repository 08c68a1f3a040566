"""Acting on jobs and on the farm with the typed client, against the real API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.client import (
    BadRequest,
    Client,
    Conflict,
    Given,
    Job,
    JobFilter,
    JobParent,
    NotAllowed,
    NotFound,
    Part,
    SceneEdit,
    SceneRequest,
    VideoRequest,
    WorkerEncoder,
    audit,
)
from app.domain.states import JobStatus, StepStatus
from app.models import Worker
from app.models.database import database_now_s
from app.services.find_stuck import find_stuck
from app.services.standstill import Standstill
from tests.api_server import new_key
from tests.farms import claim, make_org
from tests.served_api import ServedApi

SCENES = (SceneRequest("A river runs to the sea."), SceneRequest("The sea is wide."))
SMALL = VideoRequest(scenes=SCENES, size="64x64", fps=24)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ServedApi]:
    with ServedApi(tmp_path / "farm") as served:
        yield served


@pytest.fixture
def client(api: ServedApi) -> Iterator[Client]:
    with Client(api.url, api.key, patience_s=3.0) as client:
        yield client


@pytest.fixture
def canceled(client: Client) -> Job:
    return client.cancel(client.submit_video(SMALL, idempotency_key="canceled").id)


def test_the_audit_log_is_read_to_its_end_page_by_page(
    client: Client, canceled: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_A_PAGE", 1)
    last, first = client.audit_log(target=canceled.id)
    assert (last.action, last.before, last.after) == ("job.canceled", {"status": "queued"}, {"status": "canceled"})
    assert (first.action, first.user, first.key) == ("video.created", None, last.key)
    assert list(client.audit_log(action="job.canceled", since=last.at)) == [last]
    assert list(client.audit_log(until=first.at)) == []


def test_a_job_is_retried_and_restarted_once_for_each_key(client: Client, canceled: Job) -> None:
    retried, again = (client.retry(canceled.id, idempotency_key="retry") for _ in range(2))
    assert (retried.id, retried.parent, retried.revision) == (again.id, JobParent(canceled.id, "retry"), 1)
    restarted = client.restart(canceled.id, idempotency_key="restart")
    assert restarted.parent == JobParent(canceled.id, "restart")
    with pytest.raises(Conflict):
        client.retry(restarted.id, idempotency_key="too-early")
    with pytest.raises(BadRequest) as refused:
        client.retry(canceled.id, from_step="skript", idempotency_key="misspelt")
    assert refused.value.details["near"] == ["script"]


def test_a_scene_is_edited_and_the_steps_tell_what_was_taken_over(api: ServedApi, client: Client) -> None:
    video = client.submit_video(SMALL, idempotency_key="video")
    api.work()
    edit = SceneEdit(text="The sea is deep.", title=Given("Depth"))
    edited = client.edit_scene(video.id, 2, edit, idempotency_key="words")
    assert (edited.parent, edited.revision) == (JobParent(video.id, "revision"), 2)
    api.work()
    steps = {step.name: step for step in client.steps(edited.id)}
    assert {step.status for step in steps.values()} == {StepStatus.SUCCEEDED}
    taken_over = {name for name, step in steps.items() if step.adopted}
    assert taken_over == {"scene/1/narration", "scene/1/image"}
    painted = client.edit_scene(video.id, 1, SceneEdit(regenerate=(Part.IMAGE,)), idempotency_key="picture")
    untitled = client.edit_scene(edited.id, 2, SceneEdit(title=Given(None)), idempotency_key="title")
    assert (painted.revision, untitled.revision) == (3, 4)
    with pytest.raises(NotFound):
        client.edit_scene(video.id, 3, edit, idempotency_key="no-such-scene")


def test_many_jobs_are_counted_and_then_acted_on(client: Client) -> None:
    jobs = [client.submit_video(SMALL, idempotency_key=f"job-{number}") for number in range(3)]
    wanted = JobFilter(
        statuses=(JobStatus.QUEUED,),
        kind="video",
        created_after=jobs[0].created_at,
        created_before=datetime.now(UTC) + timedelta(hours=1),
        ids=(jobs[0].id, jobs[2].id),
    )
    found = client.cancel_jobs(wanted)
    assert (found.count, found.capped, found.results) == (2, False, None)
    with pytest.raises(Conflict):
        client.cancel_jobs(wanted, confirm=3)
    stopped = client.cancel_jobs(wanted, confirm=found.count)
    assert [(result.id, result.done) for result in stopped.results or ()] == [
        (jobs[0].id, "canceled"),
        (jobs[2].id, "canceled"),
    ]
    retried = client.retry_jobs(JobFilter(statuses=(JobStatus.CANCELED,)), confirm=2)
    assert retried.results is not None and retried.results[0].new_id is not None
    assert client.get_job(retried.results[0].new_id).parent == JobParent(jobs[0].id, "retry")
    with pytest.raises(BadRequest):
        client.cancel_jobs(JobFilter())


def test_everything_is_stopped_with_its_reason(client: Client) -> None:
    job = client.submit_video(SMALL, idempotency_key="stopped")
    assert client.force_stop_all("A wrong price list.") == 1
    assert client.events(job.id)[-1].data["reason"] == "A wrong price list."


def test_a_pool_is_paused_and_resumed(client: Client) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    paused = client.pause_pool("cpu", "The disk is being changed.", until=until)
    assert paused.paused is not None
    assert (paused.paused.reason, paused.paused.until) == ("The disk is being changed.", until)
    assert [pool.name for pool in client.pools() if pool.paused is not None] == ["cpu"]
    assert client.resume_pool("cpu").paused is None
    with pytest.raises(NotFound):
        client.resume_pool("tpu")


def test_a_worker_is_drained(api: ServedApi, client: Client) -> None:
    with api.farm.database.begin() as session:
        now = database_now_s(session)
        session.add(
            Worker(
                name="cpu@here:7",
                pool="cpu",
                host="here",
                pid=7,
                slots=2,
                version="1",
                started_at=now,
                beat_at=now,
                encoder={"name": "x264", "why": "nothing else was tried", "fingerprint": ""},
            )
        )
    (worker,) = client.workers()
    assert (worker.name, worker.slots, worker.is_alive, worker.draining_at) == ("cpu@here:7", 2, True, None)
    assert worker.encoder == WorkerEncoder("x264", "nothing else was tried")
    assert client.status().workers == (worker,)
    assert client.drain_worker(worker.name).draining_at is not None


def test_what_is_stuck_and_the_canary_are_told(api: ServedApi, client: Client) -> None:
    job = client.submit_video(SMALL, idempotency_key="stuck")
    assert client.stuck() == ()
    bell = api.farm.bell
    claim(api.farm.database, bell.rung.pop().step_id, "gone", ttl_s=0.001)  # type: ignore[attr-defined]
    find_stuck(api.farm.database, 0.001, api.farm.limits, Standstill())
    (stuck,) = client.stuck()
    assert (stuck.job_id, stuck.step, stuck.reason, stuck.worker) == (job.id, "script", "lease_silent", "gone")
    assert (client.canary().every_s, client.canary().last_success_at) == (0.0, None)


def test_operators_methods_are_for_operators(api: ServedApi) -> None:
    stranger = new_key(api.farm.database, make_org(api.farm.database, "strangers"))
    with Client(api.url, stranger) as client, pytest.raises(NotAllowed):
        client.pools()
