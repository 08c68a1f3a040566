"""An estimate stores nothing, refuses what a request would be refused for, and is not far from what then happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.states import Pool
from app.domain.video import VideoInput
from app.models import Artifact, Job, JobEvent, Step, Worker
from app.models.database import Database, database_now_s
from app.providers.openai_writer import OpenAIWriter
from app.services import outlook
from app.services.estimate_video import NO_PRICE, NOT_WRITTEN, estimate_video
from app.services.submit_video import Submission
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import work_off

SMALL = {"size": "96x64", "fps": 24}
FIRST = {
    **SMALL,
    "text": "A volcano is a door into the Earth. Most of the time it is closed, and nobody thinks of it.\n\n"
    "In 1883 the eruption of Krakatoa was heard far away. It changed the colour of sunsets for years.",
}
SECOND = {
    **SMALL,
    "text": "Rivers carry rain to the sea. They shape the valleys they run through, and are never twice the same.\n\n"
    "Where a river meets the sea it drops its mud, and a delta grows, which is the river's own map.",
}


@pytest.fixture
def api(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    # What is looked at here has just been done.
    monkeypatch.setattr(outlook, "FRESH_FOR_S", -1.0)
    with serve(database, tmp_path / "home") as api:
        yield api


def estimate(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/api/videos/estimate", body)
    assert answer.status == 200, answer.data
    return data_of(answer)


def hire(api: Api) -> None:
    """Workers in name; what they do is done in this thread."""
    with api.farm.database.begin() as session:
        now = database_now_s(session)
        for pool in (Pool.CPU, Pool.IO):
            who = {"name": f"{pool}@here", "pool": pool, "host": "here", "pid": 1, "slots": 2, "version": ""}
            session.add(Worker(**who, started_at=now, beat_at=now + 86_400))


def video_s_of(api: Api, job_id: str) -> float:
    with api.farm.database.read() as session:
        return session.execute(select(Job.video_s).where(Job.public_id == job_id)).scalar_one() or 0.0


def measured_s(api: Api, job_id: str) -> float:
    with api.farm.database.read() as session:
        facts = select(Step.facts).join(Job, Job.id == Step.job_id)
        found = session.execute(facts.where(Job.public_id == job_id, Step.name == "assemble")).scalar_one()
    return float((found or {})["duration_s"])


def make(api: Api, body: dict[str, Any]) -> str:
    job_id = str(data_of(api.post("/api/videos", body))["id"])
    work_off(api.farm)
    assert data_of(api.get(f"/api/jobs/{job_id}"))["status"] == "succeeded"
    return job_id


def test_the_estimate_of_a_real_video_is_near_its_length_and_nearer_once_the_voice_was_heard(api: Api) -> None:
    before = estimate(api, FIRST)
    assert (before["scenes"], before["cost_microcents"]) == (2, 0)
    # Nothing was made here yet, so when it would be done is anybody's guess.
    assert before["eta_seconds"] is None and before["notes"]
    job = data_of(api.post("/api/videos", FIRST))
    assert video_s_of(api, job["id"]) == pytest.approx(before["video_seconds"], abs=0.01)
    work_off(api.farm)
    real_s = measured_s(api, job["id"])
    assert video_s_of(api, job["id"]) == real_s
    assert before["video_seconds"] == pytest.approx(real_s, rel=0.1)
    hire(api)
    after = estimate(api, SECOND)
    assert after["video_seconds"] == pytest.approx(measured_s(api, make(api, SECOND)), rel=0.07)
    assert after["eta_seconds"] is not None and after["notes"] == []
    assert after["steps"] == 10


def test_a_queued_job_is_done_the_later_the_more_are_before_it(api: Api) -> None:
    assert api.accept(**SMALL)["eta_seconds"] is None
    work_off(api.farm)
    hire(api)
    with api.farm.database.begin() as session:
        # As on a machine that is slower by ten seconds a step.
        session.execute(update(Step).values(started_at=Step.started_at - 10.0))
    jobs = [api.accept(**{**FIRST, "seed": seed}) for seed in range(40)]
    first, last = (data_of(api.get(f"/api/jobs/{job['id']}"))["eta_seconds"] for job in (jobs[0], jobs[-1]))
    assert 20 <= first < last
    assert last == jobs[-1]["eta_seconds"] <= estimate(api, FIRST)["eta_seconds"] + 1


def test_nothing_is_stored(api: Api) -> None:
    def rows() -> list[int]:
        with api.farm.database.read() as session:
            tables = (Job, Step, JobEvent, Artifact)
            return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    estimate(api, {**FIRST, "subject_id": "post-1", "variants": {"sizes": ["1:1"]}})
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "A river.", "fps": 31},
        {"text": "A river.", "voice": "nobody"},
        {"text": "A river.", "images": ["ast_0000000000000000"]},
        {"text": "A river.", "brand": True},
        {"text": "A river.", "effect": {"name": "nothing-like-it"}},
        {"prompt": "Rivers"},
        {"text": "A river.", "unknown": 1},
    ],
)
def test_what_a_request_is_refused_for_an_estimate_is_too(api: Api, body: dict[str, Any]) -> None:
    asked, estimated = api.post("/api/videos", body), api.post("/api/videos/estimate", body)
    assert asked.status == estimated.status == 422
    assert {**error_of(asked), "correlation_id": ""} == {**error_of(estimated), "correlation_id": ""}


def test_of_a_script_that_a_model_writes_it_says_what_is_not_known(api: Api) -> None:
    writer = OpenAIWriter(api_key="sk-none", model="none", base_url="http://127.0.0.1:9")
    farm = replace(api.farm, writer=writer)
    found = estimate_video(farm, 1, Submission(VideoInput(prompt="Why the sky is blue"), labels={}))
    assert (found.video_seconds, found.cost_microcents, found.eta_seconds) == (None, None, None)
    assert found.notes == (NOT_WRITTEN, NO_PRICE)


def test_variants_are_counted_with_the_rest(api: Api) -> None:
    plain, more = estimate(api, FIRST), estimate(api, {**FIRST, "variants": {"sizes": ["64x96"], "audio": ["m4a"]}})
    assert more["video_seconds"] == plain["video_seconds"] and more["steps"] > plain["steps"]
