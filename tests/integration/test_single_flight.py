"""Of one subject one job is live at a time, whoever asks and however many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from urllib3 import BaseHTTPResponse

from app.domain.errors import ProviderRefused
from app.domain.states import JobStatus
from app.models import Job
from app.models.database import Database, database_now_s
from app.services.job_log import end_job, lock_job
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import work_off

POST = {"text": "A river runs to the sea.", "subject_id": "post-42"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def jobs_in(api: Api) -> int:
    with api.farm.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def fail(api: Api, job_id: str) -> None:
    with api.farm.database.begin() as session:
        row_id = session.execute(select(Job.id).where(Job.public_id == job_id)).scalar_one()
        job = lock_job(session, row_id)
        end_job(session, job, JobStatus.FAILED, database_now_s(session), ProviderRefused("It will not be drawn."))


def in_progress(answer: BaseHTTPResponse) -> str:
    """The live job's id, from an answer that must name it."""
    assert answer.status == 409, answer.data
    error = error_of(answer)
    assert error["error_code"] == "GENERATION_IN_PROGRESS"
    return str(error["details"]["job_id"])


def test_a_second_video_of_a_subject_is_refused_with_the_live_jobs_id(api: Api) -> None:
    first = data_of(api.post("/api/videos", POST))
    assert first["subject_id"] == "post-42"
    assert in_progress(api.post("/api/videos", {**POST, "text": "Another text."})) == first["id"]
    # Other subjects, none at all, and other organisations have nothing to do with it.
    assert api.post("/api/videos", {**POST, "subject_id": "post-43"}).status == 202
    assert api.post("/api/videos", {"text": "A river."}).status == 202
    assert api.stranger().post("/api/videos", POST).status == 202


@pytest.mark.parametrize(
    "subject", [" post", "post ", "post\n", "\u00a0post", "post\u2003", "po\tst", "po\x00st", "po\x85st", " "]
)
def test_a_subject_that_only_looks_like_another_is_refused(api: Api, subject: str) -> None:
    refused = api.post("/api/videos", {**POST, "subject_id": subject})
    assert (refused.status, error_of(refused)["details"]["field"]) == (422, "subject_id")
    assert jobs_in(api) == 0


@pytest.mark.parametrize("subject", ["p", "a post of today", "Größe/42 & more", "商品"])
def test_a_subject_is_taken_as_it_is_written(api: Api, subject: str) -> None:
    assert data_of(api.post("/api/videos", {**POST, "subject_id": subject}))["subject_id"] == subject


def test_a_subject_is_free_again_when_its_job_has_ended(api: Api) -> None:
    first = data_of(api.post("/api/videos", POST))["id"]
    api.post(f"/api/jobs/{first}/cancel")
    second = data_of(api.post("/api/videos", POST))["id"]
    fail(api, second)
    assert api.post("/api/videos", POST).status == 202


def test_of_many_who_ask_at_once_one_gets_the_job_and_all_others_its_id(api: Api) -> None:
    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: api.post("/api/videos", POST), range(48)))
    assert Counter(answer.status for answer in answers) == {202: 1, 409: 47}
    (made,) = [data_of(answer)["id"] for answer in answers if answer.status == 202]
    assert {in_progress(answer) for answer in answers if answer.status == 409} == {made}
    assert jobs_in(api) == 1


def test_the_same_request_under_its_key_is_answered_again_not_refused(api: Api) -> None:
    def ask(number: int) -> BaseHTTPResponse:
        return api.post("/api/videos", POST, Idempotency_Key="one")

    with ThreadPoolExecutor(8) as callers:
        answers = [*callers.map(ask, range(16)), ask(0)]
    assert {answer.status for answer in answers} == {202}
    assert len({data_of(answer)["id"] for answer in answers}) == 1
    assert in_progress(api.post("/api/videos", POST, Idempotency_Key="two"))


def test_what_is_made_from_a_job_has_its_subject_and_takes_its_turn(api: Api) -> None:
    failed = data_of(api.post("/api/videos", POST))["id"]
    fail(api, failed)
    live = data_of(api.post("/api/videos", POST))["id"]
    for act in ("retry", "restart"):
        assert in_progress(api.post(f"/api/jobs/{failed}/{act}", {})) == live
    api.post(f"/api/jobs/{live}/cancel")
    retried = data_of(api.post(f"/api/jobs/{failed}/retry", {}))
    assert retried["subject_id"] == "post-42"
    assert in_progress(api.post(f"/api/jobs/{failed}/restart")) == retried["id"]


def test_a_bulk_retry_skips_those_whose_subject_is_live_and_says_so(api: Api) -> None:
    failed = []
    for subject in ("post-42", "post-42", "post-43"):
        failed.append(str(data_of(api.post("/api/videos", {**POST, "subject_id": subject}))["id"]))
        fail(api, failed[-1])
    report: dict[str, Any] = data_of(api.post("/api/jobs/bulk/retry", {"filter": {"ids": failed}, "confirm": 3}))
    done = {result["id"]: result for result in report["results"]}
    assert [done[job_id]["done"] for job_id in failed] == ["retried", "skipped", "retried"]
    assert "subject" in done[failed[1]]["message"]


def test_an_edit_waits_for_the_video_that_it_would_change(api: Api) -> None:
    parent = str(data_of(api.post("/api/videos", POST))["id"])
    # The script is there, and the rest is not.
    work_off(api.farm, steps=1)
    edit = {"text": "The river is dry."}
    assert in_progress(api.patch(f"/api/videos/{parent}/scenes/1", edit)) == parent
    api.post(f"/api/jobs/{parent}/cancel")
    revision = data_of(api.patch(f"/api/videos/{parent}/scenes/1", edit))
    assert (revision["subject_id"], revision["revision"]) == ("post-42", 2)


@pytest.mark.parametrize("subject", ["", "x" * 129, 42])
def test_a_subject_is_a_text_of_1_to_128_characters(api: Api, subject: object) -> None:
    answer = api.post("/api/videos", {**POST, "subject_id": subject})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "subject_id")
