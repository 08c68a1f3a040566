"""Jobs as their owner sees them: pages, one job, its stream of events, its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3 import BaseHTTPResponse

from app.models.database import Database
from app.services.api_keys import key_id_of, revoke
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from tests.api_server import Api, data_of, error_of, finished_job, local_org_id, serve

UNKNOWN = "vid_0000000000000000"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def ids_of(answer: BaseHTTPResponse) -> list[str]:
    return [job["id"] for job in data_of(answer)["items"]]


def events_of(stream: BaseHTTPResponse) -> Iterator[tuple[str | None, str, dict[str, Any]]]:
    """Id, type and data of each event until the server closes the stream."""
    text = ""
    for chunk in stream.stream(1024):
        text += chunk.decode()
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith((":", "retry")))
            if fields:
                yield fields.get("id"), fields["event"], json.loads(fields["data"])


def test_pages_walk_both_ways_without_missing_or_repeating_a_job(api: Api) -> None:
    jobs = [api.accept()["id"] for _ in range(5)][::-1]
    first = api.get("/api/jobs?limit=2")
    assert ids_of(first) == jobs[:2] and data_of(first)["has_more"] is True
    # A job that comes in between moves nothing.
    newest = api.accept()["id"]
    second = api.get(f"/api/jobs?limit=2&starting_after={jobs[1]}")
    assert ids_of(second) == jobs[2:4] and data_of(second)["has_more"] is True
    last = api.get(f"/api/jobs?limit=2&starting_after={jobs[3]}")
    assert ids_of(last) == jobs[4:] and data_of(last)["has_more"] is False
    back = api.get(f"/api/jobs?limit=2&ending_before={jobs[2]}")
    assert ids_of(back) == jobs[:2] and data_of(back)["has_more"] is True
    assert ids_of(api.get(f"/api/jobs?ending_before={jobs[0]}")) == [newest]


def test_jobs_can_be_asked_for_by_status(api: Api) -> None:
    kept, canceled = api.accept()["id"], api.accept()["id"]
    api.post(f"/api/jobs/{canceled}/cancel")
    assert ids_of(api.get("/api/jobs?status=canceled")) == [canceled]
    assert ids_of(api.get("/api/jobs?status=queued")) == [kept]


def test_all_filters_that_are_given_must_hold(api: Api) -> None:
    red = api.accept(title="The 100% Red_Fox", subject_id="post-1")
    blue = api.accept(title="A blue whale", subject_id="post-2")
    old = api.accept(title="Another red fox")
    api.post(f"/api/jobs/{old['id']}/cancel")
    for query, found in {
        "status=queued,canceled": [old, blue, red],
        "status=canceled": [old],
        "kind=video&text=FOX": [old, red],
        "text=0%25%20red_": [red],
        "text=%25": [red],
        f"text={blue['id'][4:].upper()}": [blue],
        "text=Post-": [blue, red],
        "subject_id=post-2": [blue],
        "subject_id=POST-2": [],
        "status=queued&text=fox": [red],
        f"since={blue['created_at']}": [old, blue],
        f"until={blue['created_at']}": [red],
        f"since={blue['created_at']}&until={old['created_at']}": [blue],
        f"text=fox&starting_after={blue['id']}": [red],
        f"text=fox&ending_before={blue['id']}": [old],
        "text=fox&limit=1": [old],
    }.items():
        assert ids_of(api.get(f"/api/jobs?{query}")) == [job["id"] for job in found], query
    assert data_of(api.get("/api/jobs?text=fox&limit=1"))["has_more"] is True
    assert ids_of(api.stranger().get("/api/jobs?text=fox")) == []


def test_letters_of_any_alphabet_are_found_in_capitals_or_not(api: Api) -> None:
    """Where the database's locale knows them: SQLite has no locale, so it is told."""
    job = api.accept(title="Über Ёжик")
    assert ids_of(api.get("/api/jobs?text=%C3%BCber%20%D0%81%D0%96")) == [job["id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.0", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%201", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=queued&status=running", "status"),
        ("page=2", "page"),
        ("status=done", "status"),
        ("status=queued,done", "status"),
        ("status=", "status"),
        ("kind=canary", "kind"),
        ("since=yesterday", "since"),
        ("since=2026-01-31T09:30:00", "since"),
        ("until=1", "until"),
        ("text=", "text"),
        (f"text={'x' * 201}", "text"),
        ("subject_id=", "subject_id"),
    ],
)
def test_a_wrong_query_names_its_parameter(api: Api, query: str, field: str) -> None:
    answer = api.get(f"/api/jobs?{query}")
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)


def test_a_nul_in_a_query_is_refused_before_a_database_sees_it(api: Api) -> None:
    assert api.get("/api/jobs?starting_after=%00").status == 400


def test_anothers_job_is_as_absent_as_one_that_never_was(api: Api) -> None:
    job_id = api.accept()["id"]
    stranger = api.stranger()
    for address in ("/api/jobs/{}", "/api/jobs/{}/events", "/api/jobs/{}/artifacts/video.mp4"):
        theirs, nobodys = (error_of(stranger.get(address.format(name))) for name in (job_id, UNKNOWN))
        assert {**theirs, "correlation_id": ""} == {**nobodys, "correlation_id": ""}
        assert theirs["error_code"] == "NOT_FOUND"
    assert stranger.post(f"/api/jobs/{job_id}/cancel").status == 404
    assert ids_of(stranger.get("/api/jobs")) == []
    for cursor in (job_id, UNKNOWN):
        assert stranger.get(f"/api/jobs?starting_after={cursor}").status == 400
    assert data_of(api.get(f"/api/jobs/{job_id}"))["status"] == "queued"


def test_an_unchanged_job_costs_no_body(api: Api) -> None:
    job_id = api.accept()["id"]
    etag = api.get(f"/api/jobs/{job_id}").headers["ETag"]
    unchanged = api.get(f"/api/jobs/{job_id}", If_None_Match=etag)
    assert (unchanged.status, unchanged.data, unchanged.headers["ETag"]) == (304, b"", etag)
    api.post(f"/api/jobs/{job_id}/cancel")
    assert api.get(f"/api/jobs/{job_id}", If_None_Match=etag).status == 200


def test_a_job_is_canceled_once_and_for_good(api: Api) -> None:
    job_id = api.accept()["id"]
    assert data_of(api.post(f"/api/jobs/{job_id}/cancel"))["status"] == "canceled"
    assert data_of(api.post(f"/api/jobs/{job_id}/cancel"))["status"] == "canceled"


def test_a_finished_job_cannot_be_canceled(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", b"film", "video/mp4")
    answer = api.post(f"/api/jobs/{job_id}/cancel")
    assert (answer.status, error_of(answer)["error_code"]) == (409, "CONFLICT")


def test_a_stream_tells_everything_from_the_start_and_ends_with_the_job(api: Api) -> None:
    job_id = api.accept()["id"]
    stream = api.stream(job_id)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.headers["X-Accel-Buffering"] == "no"
    events = events_of(stream)
    assert next(events)[:2] == (None, "progress")
    assert next(events)[:2] == ("1", "video.queued")
    cancel_job(api.farm.database, Asking(local_org_id(api), "cancel"), job_id)
    rest = list(events)
    assert [(number, kind) for number, kind, _ in rest] == [(None, "progress"), ("2", "video.canceled")]
    assert rest[0][2] == data_of(api.get(f"/api/jobs/{job_id}"))


def test_a_stream_goes_on_after_the_last_event_that_was_seen(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", b"film", "video/mp4")
    every = [number for number, _, _ in events_of(api.stream(job_id)) if number]
    assert every == [str(number) for number in range(1, len(every) + 1)]
    rest = [(number, kind) for number, kind, _ in events_of(api.stream(job_id, Last_Event_ID="2")) if number]
    assert [number for number, _ in rest] == every[2:]
    assert rest[-1][1] == "video.succeeded"


def test_a_browser_that_has_seen_the_end_is_told_not_to_come_back(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", b"film", "video/mp4")
    last = [number for number, _, _ in events_of(api.stream(job_id)) if number][-1]
    assert api.stream(job_id, Last_Event_ID=str(last)).status == 204


def test_a_revoked_key_ends_its_streams(api: Api) -> None:
    stream = api.stream(api.accept()["id"])
    events = events_of(stream)
    next(events)
    assert api.key is not None
    revoke(api.farm.database, key_id_of(api.key) or "")
    assert [kind for _, kind, _ in events] == ["video.queued"]
    assert api.get("/api/jobs").status == 401


@pytest.mark.parametrize("given", ["-1", "one", "9" * 40])
def test_a_last_event_id_of_another_making_is_refused(api: Api, given: str) -> None:
    answer = api.stream(api.accept()["id"], Last_Event_ID=given)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "Last-Event-ID")


def test_streams_leave_room_for_other_requests_and_give_their_place_back(api: Api) -> None:
    job_id = api.accept()["id"]
    streams = [api.stream(job_id) for _ in range(12)]
    refused = api.stream(job_id)
    assert (refused.status, error_of(refused)["error_code"]) == (429, "TOO_MANY_STREAMS")
    assert api.get("/health/healthz").status == 200
    cancel_job(api.farm.database, Asking(local_org_id(api), "cancel"), job_id)
    readers = [threading.Thread(target=lambda stream=stream: list(events_of(stream))) for stream in streams]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert api.stream(api.accept()["id"]).status == 200
