"""The client's lists and estimates, on the real API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.client import BadRequest, Client, Conflict, JobStatus, VideoRequest
from app.models.database import Database
from tests.api_server import Api, serve

RIVER = VideoRequest(text="A river runs to the sea.", title="A river", size="64x64", fps=24)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with Client(api.url, api.key, patience_s=3.0) as client:
        yield client


def test_a_list_goes_on_from_page_to_page_to_its_end(client: Client) -> None:
    made = [client.submit_video(RIVER, idempotency_key=str(number)).id for number in range(7)]
    assert [job.id for job in client.list_jobs(page_size=3)] == made[::-1]
    assert [job.id for job in client.list_jobs(page_size=7)] == made[::-1]
    listed = client.list_jobs(page_size=2)
    next(listed)
    newest = client.submit_video(RIVER, idempotency_key="meanwhile").id
    assert newest not in [job.id for job in listed]


def test_a_list_keeps_what_its_filters_say(client: Client) -> None:
    assert list(client.list_jobs()) == []
    river = client.submit_video(RIVER, idempotency_key="river")
    post = VideoRequest(text="A sea.", subject_id="post/42 & more")
    sea = client.submit_video(post, idempotency_key="sea")
    client.cancel(sea.id)
    assert [job.id for job in client.list_jobs(statuses=(JobStatus.QUEUED, JobStatus.RUNNING))] == [river.id]
    assert [job.id for job in client.list_jobs(statuses=(JobStatus.CANCELED,), kind="video")] == [sea.id]
    assert [job.subject_id for job in client.list_jobs(subject_id="post/42 & more")] == ["post/42 & more"]
    assert [job.id for job in client.list_jobs(text="RIVER")] == [river.id]
    assert [job.id for job in client.list_jobs(since=sea.created_at)] == [sea.id]
    assert [job.id for job in client.list_jobs(until=sea.created_at)] == [river.id]
    assert list(client.list_jobs(since=sea.created_at + timedelta(seconds=60))) == []


def test_an_estimate_is_read_and_refused_as_the_request_would_be(client: Client) -> None:
    found = client.estimate(RIVER)
    assert found.video_seconds is not None and 2.0 < found.video_seconds < 5.0
    assert (found.scenes, found.cost_microcents, found.eta_seconds) == (1, 0, None)
    assert found.notes
    with pytest.raises(BadRequest, match="fps"):
        client.estimate(VideoRequest(text="A river.", fps=31))


def test_who_asks_for_a_subject_again_is_told_the_live_job(client: Client) -> None:
    post = VideoRequest(text="A sea.", subject_id="post-42")
    live = client.submit_video(post, idempotency_key="one")
    with pytest.raises(Conflict) as refused:
        client.submit_video(post, idempotency_key="two")
    assert (refused.value.code, refused.value.details) == ("GENERATION_IN_PROGRESS", {"job_id": live.id})
