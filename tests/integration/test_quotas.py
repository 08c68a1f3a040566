"""Quotas: what an organisation may have, held in the transaction that would go beyond it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select, update
from urllib3 import BaseHTTPResponse

from app.client import Client, FarmUnable, OwnLimits, VideoRequest
from app.client.patience import may_pass
from app.domain.states import JobStatus
from app.models import Job, JobEvent, Org, OrgStorage, OrgUsage
from app.models.database import Database
from app.services.count_storage import count_storage, count_storage_now_and_then
from tests.api_server import Api, data_of, error_of, finished_job, local_org_id, serve

VIDEO = {"text": "A river runs to the sea."}
DAY_S = 86400
QUOTAS = {"QUOTA_JOBS_AT_ONCE": "3", "QUOTA_MINUTES_A_DAY": "10", "QUOTA_STORAGE_BYTES": "100000"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", QUOTAS) as api:
        yield api


def ask(api: Api, **headers: str) -> BaseHTTPResponse:
    return api.post("/api/videos", VIDEO, **headers)


def upload(api: Api, side_px: int) -> BaseHTTPResponse:
    file = io.BytesIO()
    # Noise, so that the file is about as large as its pixels.
    Image.effect_noise((side_px, side_px), 80).save(file, "PNG")
    return api.ask("POST", "/api/assets", fields={"file": ("noise.png", file.getvalue())})


def change(api: Api, **values: Any) -> None:
    """Change all jobs as if the farm had, a while ago."""
    with api.farm.database.begin() as session:
        session.execute(update(Job).values(**values))
        session.execute(update(OrgUsage).values(counted_at=0.0))


def quota_of(api: Api, name: str) -> dict[str, Any]:
    quota: dict[str, Any] = data_of(api.get("/api/limits"))["quotas"][name]
    return quota


def refused_by(answer: BaseHTTPResponse) -> dict[str, Any]:
    error = error_of(answer)
    assert (answer.status, error["error_code"]) == (429, "QUOTA_EXCEEDED")
    details: dict[str, Any] = error["details"]
    return details


def test_no_more_jobs_at_once_than_the_quota_and_one_that_ends_makes_room(api: Api) -> None:
    first, *_ = [data_of(ask(api))["id"] for _ in range(3)]
    refused = ask(api, Idempotency_Key="mine")
    assert refused_by(refused) == {"quota": "jobs_at_once", "used": 3, "limit": 3}
    assert "Retry-After" not in refused.headers
    with Client(api.url, api.key) as client, pytest.raises(FarmUnable) as caught:
        client.submit_video(VideoRequest(text=VIDEO["text"]), idempotency_key="mine")
    assert not may_pass(caught.value)
    assert quota_of(api, "jobs_at_once") == {"limit": 3, "used": 3, "left": 0}
    assert ask(api.stranger()).status == 202
    assert api.post(f"/api/jobs/{first}/cancel").status == 200
    # Nothing of the refused request was kept, its key neither.
    accepted = ask(api, Idempotency_Key="mine")
    assert accepted.status == 202 and "Idempotent-Replayed" not in accepted.headers


def test_jobs_that_come_at_once_do_not_pass_the_quota_together(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = [done.status for done in pool.map(lambda _: ask(api), range(12))]
    assert sorted(statuses) == [202] * 3 + [429] * 9


def test_a_video_longer_than_a_whole_day_may_be_is_not_put_off_till_tomorrow(api: Api) -> None:
    body = {"text": "A river runs to the sea and carries the hills with it. " * 250}
    for refused in (api.post("/api/videos", body), api.post("/api/videos/estimate", body)):
        details = refused_by(refused)
        assert details["limit"] == 10.0 and details["used"] > 10
        assert "Retry-After" not in refused.headers


def test_minutes_are_of_today_and_of_videos_that_come_to_something(api: Api) -> None:
    data_of(ask(api))
    change(api, video_s=601.0, status=JobStatus.SUCCEEDED)
    refused = ask(api)
    assert refused_by(refused) == {"quota": "minutes_a_day", "used": 10.02, "limit": 10.0}
    assert 0 < int(refused.headers["Retry-After"]) <= DAY_S
    minutes = quota_of(api, "minutes_a_day")
    assert (minutes["used"], minutes["left"]) == (10.02, 0.0) and minutes["resets_at"].endswith("T00:00:00.000Z")
    for given in ({"status": JobStatus.FAILED}, {"status": JobStatus.CANCELED}):
        change(api, **given)
        assert quota_of(api, "minutes_a_day")["used"] == 0.0
    change(api, status=JobStatus.SUCCEEDED, created_at=Job.created_at - DAY_S)
    assert ask(api).status == 202


def test_what_is_stored_is_counted_once_however_many_jobs_share_it(api: Api) -> None:
    for name in ("a.mp4", "b.mp4"):
        finished_job(api, name, b"x" * 60_000, "video/mp4")
    assert quota_of(api, "storage_bytes")["used"] == 0
    count_storage_now_and_then(api.farm.database)
    assert quota_of(api, "storage_bytes") == {"limit": 100_000, "used": 60_000, "left": 40_000}
    with api.farm.database.begin() as session:
        session.execute(update(OrgStorage).values(size_bytes=1))
    # Its time has not come yet.
    count_storage_now_and_then(api.farm.database)
    assert quota_of(api, "storage_bytes")["used"] == 1


def test_an_upload_counts_at_once_and_is_refused_where_it_has_no_room(api: Api) -> None:
    size_bytes = data_of(upload(api, 200))["size_bytes"]
    assert size_bytes > 30_000
    assert quota_of(api, "storage_bytes")["used"] == size_bytes
    refused = upload(api, 300)
    assert refused_by(refused) == {"quota": "storage_bytes", "used": size_bytes, "limit": 100_000}
    assert upload(api, 20).status == 201
    count_storage(api.farm.database)
    assert size_bytes < quota_of(api, "storage_bytes")["used"] < size_bytes + 1000


def test_what_is_uploaded_and_taken_away_again_and_again_does_not_pass_the_quota(api: Api) -> None:
    stored_bytes, answer = 0, upload(api, 150)
    for _ in range(10):
        if answer.status == 429:
            break
        asset = data_of(answer)
        stored_bytes += asset["size_bytes"]
        data_of(api.ask("DELETE", f"/api/assets/{asset['id']}"))
        answer = upload(api, 150)
    assert refused_by(answer) == {"quota": "storage_bytes", "used": stored_bytes, "limit": 100_000}
    assert quota_of(api, "storage_bytes")["used"] == stored_bytes
    count_storage(api.farm.database)
    assert quota_of(api, "storage_bytes")["used"] == stored_bytes
    assert refused_by(upload(api, 150))["used"] == stored_bytes


def test_a_full_storage_takes_no_more_videos(api: Api) -> None:
    finished_job(api, "video.mp4", b"x" * 100_001, "video/mp4")
    count_storage(api.farm.database)
    assert refused_by(ask(api))["quota"] == "storage_bytes"


def test_a_bulk_retry_stops_at_the_quota_and_leaves_nothing_half_made(api: Api) -> None:
    for _ in range(3):
        data_of(ask(api))
    change(api, status=JobStatus.FAILED)
    live = data_of(ask(api))["id"]
    answer = data_of(api.post("/api/jobs/bulk/retry", {"filter": {"status": ["failed"]}, "confirm": 3}))
    assert [result["done"] for result in answer["results"]] == ["retried", "retried", "skipped"]
    assert "3 at once" in answer["results"][2]["message"]
    with api.farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 6
        assert session.scalar(select(func.count()).where(JobEvent.type == "video.queued")) == 6
    assert quota_of(api, "jobs_at_once")["left"] == 0 and api.get(f"/api/jobs/{live}").status == 200


def test_operators_give_an_organisation_limits_of_its_own(api: Api) -> None:
    stranger = api.stranger("atlas films & co")
    with api.farm.database.read() as session:
        local = session.scalars(select(Org.name).where(Org.id == local_org_id(api))).one()
    with Client(api.url, api.key) as client:
        before = client.org_limits("atlas films & co")
        assert before.own == OwnLimits() and before.quotas.jobs_at_once.limit == 3
        own = OwnLimits(jobs_at_once=1, minutes_a_day=0.5, requests_a_minute=7)
        after = client.set_org_limits("atlas films & co", own)
        assert (after.own, after.quotas.jobs_at_once.limit) == (own, 1)
        assert after.quotas.minutes_a_day.left == 0.5 and after.quotas.storage_bytes.limit == 100_000
        assert client.org_limits(local).own == OwnLimits()
    assert [ask(stranger).status for _ in range(2)] == [202, 429]
    with Client(stranger.url, stranger.key) as client:
        told = client.limits()
        assert (told.quotas.jobs_at_once.left, told.max_scenes, told.max_words) == (0, 1000, 20_000)
        assert [(rate.name, rate.requests) for rate in told.rates] == [("org", 7)]
    path = "/api/admin/orgs/atlas%20films%20%26%20co/limits"
    assert stranger.get(path).status == 403
    cleared = data_of(api.ask("PUT", path, json={}))
    assert cleared["own"] == dict.fromkeys(cleared["own"]) and cleared["quotas"]["jobs_at_once"]["limit"] == 3
    assert api.ask("PUT", path, json={"requests_a_minute": 0}).status == 422
    assert api.get("/api/admin/orgs/nobody/limits").status == 404


def test_quotas_can_be_switched_off(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", dict.fromkeys(QUOTAS, "off")) as api:
        assert ask(api).status == 202
        assert quota_of(api, "jobs_at_once") == {"limit": None, "used": 1, "left": None}
