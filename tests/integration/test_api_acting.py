"""Acting on jobs over HTTP: again, anew, many at once, edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.database import Database
from tests.api_server import Api, data_of, error_of, finished_job, serve
from tests.farms import work_off


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def canceled_job(api: Api) -> str:
    job_id: str = api.accept()["id"]
    api.post(f"/api/jobs/{job_id}/cancel")
    return job_id


def test_a_retry_needs_no_body_and_answers_like_a_new_video(api: Api) -> None:
    parent = canceled_job(api)
    answer = api.ask("POST", f"/api/jobs/{parent}/retry")
    job = data_of(answer)
    assert (answer.status, answer.headers["Location"]) == (202, f"/api/jobs/{job['id']}")
    assert (job["status"], job["parent"], job["revision"]) == ("queued", {"id": parent, "relation": "retry"}, 1)
    assert data_of(api.get(f"/api/jobs/{parent}"))["parent"] is None


def test_a_restart_sent_again_under_its_key_makes_no_second_job(api: Api) -> None:
    parent = canceled_job(api)
    first, again = (api.ask("POST", f"/api/jobs/{parent}/restart", headers={"Idempotency-Key": "one"}) for _ in "ab")
    assert data_of(first)["id"] == data_of(again)["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    # A key belongs to one address: another job under the same key is another request.
    other = api.ask("POST", f"/api/jobs/{canceled_job(api)}/restart", headers={"Idempotency-Key": "one"})
    assert data_of(other)["id"] != data_of(first)["id"]


def test_a_retry_that_makes_no_sense_is_a_409_and_an_unknown_step_a_422(api: Api) -> None:
    live = api.accept()["id"]
    assert error_of(api.post(f"/api/jobs/{live}/retry", {}))["details"] == {"status": "queued"}
    done = finished_job(api, "video.mp4", b"film", "video/mp4")
    answers = [
        api.post(f"/api/jobs/{done}/retry", {}),
        api.post(f"/api/jobs/{done}/retry", {"from_step": "asemble"}),
        api.post(f"/api/jobs/{done}/retry", {"from": "assemble"}),
        api.post(f"/api/jobs/{done}/retry", b"{"),
    ]
    assert [answer.status for answer in answers] == [409, 422, 422, 400]
    assert error_of(answers[1])["details"] == {"field": "from_step", "near": ["assemble"]}
    assert api.stranger().post(f"/api/jobs/{done}/restart", {}).status == 404


def test_a_jobs_steps_are_listed_with_what_became_of_them(api: Api) -> None:
    done = finished_job(api, "video.mp4", b"film", "video/mp4")
    (step,) = data_of(api.get(f"/api/jobs/{done}/steps"))["items"]
    assert (step["name"], step["status"], step["attempts"]) == ("assemble", "succeeded", 1)
    assert (step["adopted"], step["fresh"], step["error"]) == (False, False, None)
    assert step["started_at"] <= step["finished_at"]
    assert data_of(api.get(f"/api/jobs/{done}"))["steps_summary"] == {"adopted": 0, "done": 1, "total": 1}
    assert api.stranger().get(f"/api/jobs/{done}/steps").status == 404


def statuses_of(api: Api) -> list[str]:
    return [job["status"] for job in data_of(api.get("/api/jobs?limit=100"))["items"]]


def test_many_jobs_are_counted_first_and_canceled_when_the_count_is_confirmed(api: Api) -> None:
    jobs = [api.accept()["id"] for _ in range(3)]
    stranger = api.stranger()
    theirs = stranger.accept()["id"]
    wanted = {"filter": {"ids": [*jobs[:2], theirs]}}
    assert data_of(api.post("/api/jobs/bulk/cancel", wanted)) == {"count": 2, "capped": False, "results": None}
    assert set(statuses_of(api)) == {"queued"}
    done = data_of(api.post("/api/jobs/bulk/cancel", {**wanted, "confirm": 2}))
    assert [(result["id"], result["done"]) for result in done["results"]] == [(job, "canceled") for job in jobs[:2]]
    assert statuses_of(api) == ["queued", "canceled", "canceled"]
    assert statuses_of(stranger) == ["queued"]


def test_a_count_that_has_changed_meanwhile_is_a_409_and_nothing_is_done(api: Api) -> None:
    api.accept()
    answer = api.post("/api/jobs/bulk/cancel", {"filter": {"kind": "video"}, "confirm": 2})
    assert (answer.status, error_of(answer)["details"]) == (409, {"count": 1})
    assert statuses_of(api) == ["queued"]


def test_many_jobs_are_retried_each_once_however_often_it_is_asked_for(api: Api) -> None:
    jobs = [canceled_job(api) for _ in range(2)]
    wanted = {"filter": {"status": ["failed", "canceled"]}, "confirm": 2}
    done = data_of(api.post("/api/jobs/bulk/retry", wanted))
    assert [(result["id"], result["done"]) for result in done["results"]] == [(job, "retried") for job in jobs]
    parents = [data_of(api.get(f"/api/jobs/{result['new_id']}"))["parent"] for result in done["results"]]
    assert parents == [{"id": job, "relation": "retry"} for job in jobs]
    again = data_of(api.post("/api/jobs/bulk/retry", {"filter": wanted["filter"]}))
    assert (again["count"], statuses_of(api)) == (0, ["queued", "queued", "canceled", "canceled"])


def test_without_a_status_a_bulk_retry_leaves_what_was_canceled_alone(api: Api) -> None:
    canceled_job(api)
    assert data_of(api.post("/api/jobs/bulk/retry", {"filter": {"kind": "video"}}))["count"] == 0


def test_jobs_are_found_by_the_time_of_their_acceptance(api: Api) -> None:
    at = api.accept()["created_at"]
    for condition, count in (("created_before", 1), ("created_after", 0)):
        wanted = {"filter": {condition: "2100-01-01T00:00:00+01:00"}}
        assert data_of(api.post("/api/jobs/bulk/cancel", wanted))["count"] == count
    assert data_of(api.post("/api/jobs/bulk/cancel", {"filter": {"created_after": at}}))["count"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "filter"),
        ({"filter": {}}, "filter"),
        ({"filter": {"ids": []}}, "filter.ids"),
        ({"filter": {"status": ["queued", "succeeded"]}}, "filter.status.1"),
        ({"filter": {"status": ["done"]}}, "filter.status.0"),
        ({"filter": {"created_before": "2026-01-31T09:30:00"}}, "filter.created_before"),
        ({"filter": {"created_before": 5}}, "filter.created_before"),
        ({"filter": {"kind": "video"}, "confirm": "1"}, "confirm"),
    ],
)
def test_a_filter_that_says_too_little_or_makes_no_sense_is_refused(api: Api, body: object, field: str) -> None:
    answer = api.post("/api/jobs/bulk/cancel", body)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)


def test_everything_is_stopped_at_once_with_the_reason_on_each_timeline(api: Api) -> None:
    jobs = [api.accept()["id"] for _ in range(60)]
    stranger = api.stranger()
    stranger.accept()
    refused = api.post("/api/admin/jobs/force-stop-all", {"confirm": False, "reason": "x"})
    assert (refused.status, error_of(refused)["message"]) == (422, "confirm: Must be true.")
    assert api.post("/api/admin/jobs/force-stop-all", {"confirm": True}).status == 422
    stop = {"confirm": True, "reason": "A wrong price list."}
    assert data_of(api.post("/api/admin/jobs/force-stop-all", stop)) == {"stopped": 60}
    assert data_of(api.post("/api/admin/jobs/force-stop-all", stop)) == {"stopped": 0}
    assert set(statuses_of(api)) == {"canceled"} and statuses_of(stranger) == ["queued"]
    assert b'"reason":"A wrong price list."' in api.stream(jobs[0]).data


def test_a_scene_is_edited_once_per_key_and_becomes_the_next_revision(api: Api) -> None:
    job_id = api.accept(text="Rivers carry rain to the sea.", size="64x64")["id"]
    scene = f"/api/videos/{job_id}/scenes/1"
    assert api.patch(scene, {"text": "Rivers run."}).status == 409
    work_off(api.farm, steps=1)
    first, again = (api.patch(scene, {"text": "Rivers run."}, Idempotency_Key="one") for _ in "ab")
    job = data_of(first)
    assert (first.status, first.headers["Location"]) == (202, f"/api/jobs/{job['id']}")
    assert (job["parent"], job["revision"]) == ({"id": job_id, "relation": "revision"}, 2)
    assert data_of(again)["id"] == job["id"]
    other = api.patch(scene, {"text": "Rivers rest."}, Idempotency_Key="one")
    assert error_of(other)["error_code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"text": None}, "text"),
        ({"text": " "}, "text"),
        ({"title": "bell\x07"}, "title"),
        ({"image": "ast_none"}, "image"),
        ({"regenerate": ["music"]}, "regenerate.0"),
        ({"regenerate": ["image"], "seed": 4}, "seed"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused_by_name(api: Api, body: object, field: str) -> None:
    job_id = api.accept(size="64x64")["id"]
    work_off(api.farm, steps=1)
    answer = api.patch(f"/api/videos/{job_id}/scenes/1", body)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)
    for path in (f"{job_id}/scenes/2", f"{job_id}/scenes/one", "vid_none/scenes/1"):
        assert api.patch(f"/api/videos/{path}", {"text": "Rivers run."}).status == 404
