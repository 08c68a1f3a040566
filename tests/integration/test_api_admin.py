"""The operators' addresses: pools, workers, what is stuck, the canary."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

import app
from app.domain.flow_limits import NO_LIMITS
from app.models import Step, Worker
from app.models.database import Database, database_now_s, now_s
from app.services.find_stuck import find_stuck
from app.services.settle_jobs import settle_jobs
from app.services.standstill import Standstill
from tests.api_server import Api, data_of, error_of, serve


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def test_a_paused_pool_says_so_and_its_jobs_wait_until_it_is_resumed(api: Api) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    paused = data_of(api.post("/api/admin/pools/io/pause", {"reason": "maintenance", "until": until}))
    assert paused["paused"]["reason"] == "maintenance"
    assert datetime.fromisoformat(paused["paused"]["until"]) == datetime.fromisoformat(until)
    job_id = api.accept()["id"]
    settle_jobs(api.farm.database)
    job = data_of(api.get(f"/api/jobs/{job_id}"))
    assert (job["status"], job["waiting"]["reason"]) == ("waiting", "pool_paused")
    assert job["waiting"]["resume_at"] == paused["paused"]["until"]
    assert data_of(api.post("/api/admin/pools/io/resume"))["paused"] is None
    settle_jobs(api.farm.database)
    assert data_of(api.get(f"/api/jobs/{job_id}"))["waiting"] is None
    pools = {pool["name"]: pool for pool in data_of(api.get("/api/admin/pools"))["items"]}
    assert (pools["io"]["ready"], pools["cpu"]["ready"], pools["gpu"]["slots"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x", "until": "tomorrow"}, "until"),
        ({"reason": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
    ],
)
def test_a_pause_needs_a_reason_and_an_end_that_is_to_come(api: Api, body: dict[str, str], field: str) -> None:
    answer = api.post("/api/admin/pools/io/pause", body)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)


def test_a_worker_is_listed_and_told_to_go(api: Api) -> None:
    with api.farm.database.begin() as session:
        now = database_now_s(session)
        session.add(
            Worker(name="cpu@here:7", pool="cpu", host="here", pid=7, slots=2, version="1", started_at=now, beat_at=now)
        )
    (worker,) = data_of(api.get("/api/admin/workers"))["items"]
    assert (worker["name"], worker["is_alive"], worker["draining_at"]) == ("cpu@here:7", True, None)
    assert data_of(api.post("/api/admin/workers/cpu@here:7/drain"))["draining_at"] is not None
    assert api.post("/api/admin/workers/cpu@there:7/drain").status == 404


def test_the_status_says_of_each_worker_what_it_encodes_with_and_why(api: Api) -> None:
    why = "no hardware encoder works here (nvenc: Cannot load libcuda.so.1)"
    with api.farm.database.begin() as session:
        now = database_now_s(session)
        known = {"host": "here", "slots": 2, "version": "1", "started_at": now, "beat_at": now}
        encoder = {"name": "x264", "why": why, "fingerprint": ""}
        session.add(Worker(name="cpu@here:7", pool="cpu", pid=7, encoder=encoder, **known))
        session.add(Worker(name="io@here:8", pool="io", pid=8, **known))
    status = data_of(api.get("/api/status"))
    assert status["version"] == app.__version__
    assert [(worker["name"], worker["encoder"]) for worker in status["workers"]] == [
        ("cpu@here:7", {"name": "x264", "why": why}),
        ("io@here:8", None),
    ]


def test_a_stuck_step_is_listed_with_its_reason(api: Api) -> None:
    job_id = api.accept()["id"]
    database = api.farm.database
    with database.begin() as session:
        session.execute(update(Step).values(status="waiting", wait_reason="backoff", resume_at=now_s() - 60))
    find_stuck(database, 10.0, NO_LIMITS, Standstill())
    (stuck,) = data_of(api.get("/api/admin/stuck"))["items"]
    assert (stuck["job_id"], stuck["step"], stuck["reason"]) == (job_id, "script", "past_resume_time")


def test_a_farm_without_a_canary_says_so(api: Api) -> None:
    canary = data_of(api.get("/api/admin/canary"))
    assert (canary["every_s"], canary["last_success_at"]) == (0.0, None)


def test_there_are_no_other_pools(api: Api) -> None:
    assert api.post("/api/admin/pools/tpu/resume").status == 404


def test_another_organisations_key_steers_nothing(api: Api) -> None:
    stranger = api.stranger()
    for method, path in (("GET", "/api/admin/pools"), ("POST", "/api/admin/pools/io/resume")):
        answer = stranger.ask(method, path)
        assert (answer.status, error_of(answer)["error_code"]) == (403, "FORBIDDEN")
