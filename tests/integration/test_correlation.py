"""A request's correlation id is on every log line and every event of its job, wherever they are written."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import urllib3
from sqlalchemy import select, update

from app.domain.flow_limits import NO_LIMITS
from app.models import Job as JobRow
from app.models import Schedule, Step
from app.models.database import Database, now_s
from app.services.api_keys import key_id_of
from app.services.canary import send_canary
from app.services.find_stuck import find_stuck
from app.services.hand_back import hand_back
from app.services.leases import LeaseKey
from app.services.recover import recover
from app.services.standstill import Standstill
from tests.api_server import Api, data_of, local_org_id, serve
from tests.audit_log import audited
from tests.farms import claim, make_farm, operator
from tests.log_lines import LogLines, lines_in, logged
from tests.real_farm import RealFarm
from tests.waiting import wait_for
from workers.heartbeat import LeaseHeartbeat, Patience

OWN_ID = "order-4711.a"
TEXT = "A river runs to the sea. It carries mud, and the mud makes land. People come and live on it."


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def log() -> Iterator[LogLines]:
    with logged() as lines:
        yield lines


def job_of(answer: urllib3.BaseHTTPResponse) -> str:
    assert answer.status == 202, answer.data
    return str(data_of(answer)["id"])


def create(api: Api) -> str:
    return job_of(api.post("/api/videos", {"text": TEXT}, x_correlation_id=OWN_ID))


def script_step(api: Api) -> int:
    with api.farm.database.read() as session:
        return session.execute(select(Step.id)).scalar_one()


def change(api: Api, **values: Any) -> None:
    with api.farm.database.begin() as session:
        session.execute(update(Step).values(**values))


def events(api: Api, job_id: str) -> list[dict[str, Any]]:
    """The stored events of a job that has ended."""
    pieces = api.get(f"/api/jobs/{job_id}/events").data.decode().split("\n\n")
    return [json.loads(piece.partition("data: ")[2]) for piece in pieces if piece.startswith("id: ")]


def test_each_log_line_of_a_job_on_a_real_farm_has_its_requests_id(tmp_path: Path) -> None:
    farm = RealFarm(tmp_path / "home", {"LOG_FORMAT": "json"})
    try:
        farm.wait_for_workers()
        key = farm.settings.local_key_file.read_text().strip()
        headers = {"Authorization": f"Bearer {key}", "x-correlation-id": OWN_ID}
        body = {"text": TEXT, "size": "1280x720"}
        job_id = job_of(urllib3.request("POST", f"{farm.url}/api/videos", json=body, headers=headers))
        # A worker that dies at it has others write lines about it: whose attempt was taken back, and what came after.
        with farm.client() as client:
            job = client.get_job(job_id)
        farm.running_step(job, "video.clip")
        os.killpg(os.getpgid(min(farm.pids("--queues cpu"))), signal.SIGKILL)
        assert farm.finished(job).status == "succeeded"
        with farm.client() as client:
            told = [event.data["correlation_id"] for event in client.events(job_id)]
        assert set(told) == {OWN_ID} and len(told) > 10
    finally:
        farm.close()
    # Each line after the name of the process that wrote it.
    printed = [line.partition("| ") for line in (tmp_path / "home.log").read_text(errors="replace").splitlines()]
    assert {name.strip() for name, _, line in printed if job_id in line} >= {"web", "cpu", "io"}
    everything = lines_in(line for _, _, line in printed)
    of_the_job = [line for line in everything if line.get("job_id") == job_id and line["event"] != "request"]
    assert {line["event"] for line in of_the_job} >= {"step_done", "step_taken_back"}
    assert {line.get("correlation_id") for line in of_the_job} == {OWN_ID}
    (asked,) = [line for line in everything if line["event"] == "request" and line["correlation_id"] == OWN_ID]
    assert (asked["made"], asked["key_id"], asked["status"]) == (job_id, key_id_of(key), 202)
    assert isinstance(asked["org"], int)
    assert not any(key in line for _, _, line in printed)


def test_a_requests_line_says_who_asked_for_which_job_and_no_strangers_words(api: Api, log: LogLines) -> None:
    job_id = create(api)
    retried_from = job_id
    api.post(f"/api/jobs/{job_id}/cancel")
    child = job_of(api.ask("POST", f"/api/jobs/{retried_from}/retry"))
    api.get("/api/jobs/vid_and-a-word-of-mine")
    replace(api, key=None).get(f"/api/jobs/{job_id}")
    assert api.key is not None
    who = {"org": local_org_id(api), "key_id": key_id_of(api.key)}
    about = [
        {name: line[name] for name in ("org", "key_id", "job_id", "made", "user") if name in line}
        for line in log.of("request")
    ]
    assert about == [
        {**who, "made": job_id},
        {**who, "job_id": job_id},
        {**who, "job_id": job_id, "made": child},
        who,
        {"job_id": job_id},
    ]
    assert api.key not in log.text


def test_an_event_says_which_request_caused_it(api: Api) -> None:
    jobs = [create(api) for _ in range(3)]
    api.post(f"/api/jobs/{jobs[0]}/cancel", x_correlation_id="cancel.1")
    wanted = {"filter": {"ids": [jobs[1]]}, "confirm": 1}
    api.post("/api/jobs/bulk/cancel", wanted, x_correlation_id="bulk.1")
    api.post("/api/admin/jobs/force-stop-all", {"confirm": True, "reason": "All."}, x_correlation_id="stop.1")
    told = [[(event["type"], event["correlation_id"]) for event in events(api, job_id)] for job_id in jobs]
    queued = ("video.queued", OWN_ID)
    assert told == [[queued, ("video.canceled", by)] for by in ("cancel.1", "bulk.1", "stop.1")]
    child = job_of(api.post(f"/api/jobs/{jobs[0]}/retry", {}, x_correlation_id="retry.1"))
    api.post(f"/api/jobs/{child}/cancel", x_correlation_id="cancel.2")
    assert [event["correlation_id"] for event in events(api, child)] == ["retry.1", "cancel.2"]
    # And the audit log has the same ids.
    noted = {row.correlation_id for row in audited(api.farm.database)}
    assert noted == {OWN_ID, "cancel.1", "bulk.1", "stop.1", "retry.1", "cancel.2"}


def test_a_step_that_is_stuck_and_then_taken_back_is_told_with_it(api: Api, log: LogLines) -> None:
    job_id, database = create(api), api.farm.database
    claim(database, script_step(api))
    change(api, lease_expires_at=now_s() + 1)
    find_stuck(database, 10.0, NO_LIMITS, Standstill())
    change(api, lease_expires_at=now_s() - 1)
    recover(database)
    (stuck,), (taken_back,) = log.of("step_stuck"), log.of("step_taken_back")
    for line in (stuck, taken_back):
        assert (line["job_id"], line["correlation_id"]) == (job_id, OWN_ID)


def test_a_step_that_is_handed_back_is_told_with_it(api: Api, log: LogLines) -> None:
    job_id, database = create(api), api.farm.database
    claim(database, script_step(api), worker="going")
    # Whoever hands it back may be at something else.
    with structlog.contextvars.bound_contextvars(correlation_id="another"):
        assert hand_back(database, "going") == 1
    (line,) = log.of("step_handed_back")
    assert (line["job_id"], line["correlation_id"]) == (job_id, OWN_ID)


def test_a_step_that_hangs_is_told_with_what_its_own_thread_knows(api: Api, log: LogLines) -> None:
    job_id, database = create(api), api.farm.database
    claimed = claim(database, script_step(api), ttl_s=1.0)
    hung = threading.Event()
    beats = LeaseHeartbeat(database, 1.0, on_hung=hung.set, patience=Patience(silent_s=0.5, lost_s=60.0))
    about = {"job_id": claimed.job_public_id, "correlation_id": claimed.correlation_id, "step": claimed.name}
    with (
        structlog.contextvars.bound_contextvars(**about),
        beats.hold(LeaseKey(claimed.step_id, claimed.token)),
    ):
        wait_for(hung.is_set, what="the end of its patience")
    line = log.of("step_hangs")[0]
    assert (line["job_id"], line["correlation_id"], line["step"]) == (job_id, OWN_ID, "script")


def test_a_late_canary_is_told_with_its_own(database: Database, tmp_path: Path, log: LogLines) -> None:
    operator(database)
    farm = replace(make_farm(database, tmp_path), canary_every_s=300.0)
    job_id = send_canary(farm)
    with database.begin() as session:
        session.execute(update(Schedule).values(next_at=now_s() - 1))
        correlation_id = session.execute(select(JobRow.correlation_id)).scalar_one()
    assert send_canary(farm) is None
    (line,) = log.of("canary_late")
    assert (line["job_id"], line["correlation_id"]) == (job_id, correlation_id)
