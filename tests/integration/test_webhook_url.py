"""`webhook_url` on a request: checked when it comes, told of that job and those made from it, signed by one secret."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.models import Job, WebhookEndpoint, WebhookOrgSecret
from app.models.database import Database
from app.webhooks.target import GENERIC
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import work_off
from tests.made_messages import make_endpoint, types
from tests.statements import counted

URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.1/32"}) as api:
        yield api


def endpoints(api: Api) -> list[tuple[int, str]]:
    with api.farm.database.read() as session:
        of_jobs = select(WebhookEndpoint.id, WebhookEndpoint.url).where(WebhookEndpoint.is_for_jobs)
        return [(id_, url) for id_, url in session.execute(of_jobs.order_by(WebhookEndpoint.id)).tuples()]


def test_one_address_is_told_of_its_own_jobs_alone(api: Api) -> None:
    api.accept()
    told_of = api.accept(webhook_url=URL)
    api.accept(webhook_url=URL + "/other")
    api.accept()
    api.post(f"/api/jobs/{told_of['id']}/cancel")
    (first, url), (second, _) = endpoints(api)
    assert url == URL
    assert types(api.farm.database, first) == ["video.queued", "video.canceled"]
    assert types(api.farm.database, second) == ["video.queued"]


def test_endpoints_are_told_beside_it(api: Api) -> None:
    with api.farm.database.read() as session:
        org_id = session.scalars(select(Job.org_id)).first() or 1
    endpoint = make_endpoint(api.farm.database, org_id)
    api.accept(webhook_url=URL)
    assert types(api.farm.database, endpoint) == ["video.queued"]
    assert [types(api.farm.database, id_) for id_, _ in endpoints(api)] == [["video.queued"]]


def test_jobs_that_are_made_from_one_tell_it_too(api: Api) -> None:
    job = api.accept(webhook_url=URL)
    api.post(f"/api/jobs/{job['id']}/cancel")
    answer = api.post(f"/api/jobs/{job['id']}/restart")
    assert answer.status == 202
    ((endpoint, _),) = endpoints(api)
    assert types(api.farm.database, endpoint) == ["video.queued", "video.canceled", "video.queued"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/",
        "http://169.254.169.254/latest/",
        "http://evil.com\\@127.0.0.1/",
        "http://user:pw@example.com/",
        "file:///etc/passwd",
        "http://example.com/\r\nX: y",
        "hooks.example.com",
    ],
)
def test_an_address_inside_is_refused_in_one_sentence(api: Api, url: str) -> None:
    answer = api.post("/api/videos", {"text": "A river runs to the sea.", "webhook_url": url})
    assert answer.status == 422
    error = error_of(answer)
    assert (error["details"]["field"], error["message"]) == ("webhook_url", f"webhook_url: {GENERIC}")
    assert endpoints(api) == []


def test_the_first_makes_the_secret_that_all_are_signed_with(api: Api) -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda number: api.accept(webhook_url=f"{URL}?n={number % 2}"), range(8)):
            pass
    with api.farm.database.read() as session:
        (secret,) = session.scalars(select(WebhookOrgSecret.secret)).all()
    assert len(endpoints(api)) == 2
    assert api.farm.sealer.open(secret).startswith("whsec_")


def test_one_that_was_disabled_counts_again_when_it_is_asked_for(api: Api) -> None:
    api.accept(webhook_url=URL)
    ((endpoint, _),) = endpoints(api)
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(disabled_at=1.0, disabled_reason="gone", reopenings=3))
    api.accept(webhook_url=URL)
    assert types(api.farm.database, endpoint) == ["video.queued"] * 2
    with api.farm.database.read() as session:
        row = session.scalars(select(WebhookEndpoint)).one()
        assert (row.disabled_at, row.disabled_reason, row.reopenings) == (None, None, 0)


def test_a_job_without_one_costs_nothing_for_the_addresses_of_others(api: Api) -> None:
    for number in range(2):
        api.accept(webhook_url=f"{URL}?n={number}")
    with counted(api.farm.database) as statements:
        api.accept()
    assert not [statement for statement in statements if "webhook" in " ".join(statement.split()[:3])]
    with counted(api.farm.database) as statements:
        api.accept(webhook_url=URL)
    assert [statement for statement in statements if "webhook" in " ".join(statement.split()[:3])]


def test_one_that_the_organisation_has_disabled_is_refused_until_it_is_taken_away(api: Api) -> None:
    api.accept(webhook_url=URL)
    path = f"/api/webhooks/endpoints/{data_of(api.get('/api/webhooks/endpoints?for_jobs=true'))['items'][0]['id']}"
    assert api.patch(path, {"enabled": False}).status == 200
    answer = api.post("/api/videos", {"text": "A river runs to the sea.", "webhook_url": URL})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "webhook_url")
    assert api.ask("DELETE", path).status == 200
    api.accept(webhook_url=URL)
    ((endpoint, _),) = endpoints(api)
    assert types(api.farm.database, endpoint) == ["video.queued"] * 2


def test_another_organisation_has_an_endpoint_of_its_own(api: Api) -> None:
    api.accept(webhook_url=URL)
    api.stranger().accept(webhook_url=URL)
    assert [url for _, url in endpoints(api)] == [URL, URL]


def test_a_refused_request_leaves_nothing(api: Api) -> None:
    answer = api.post("/api/videos", {"text": "A river.", "webhook_url": URL, "images": ["ast_0000000000000000"]})
    assert answer.status == 422
    with api.farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(WebhookOrgSecret)) == 0
    assert endpoints(api) == []


def test_an_edit_of_a_scene_tells_it_too(api: Api) -> None:
    job = api.accept(webhook_url=URL, size="64x64", fps=24)
    work_off(api.farm)
    answer = api.patch(f"/api/videos/{job['id']}/scenes/1", {"text": "A brook runs to the river."})
    assert answer.status == 202, data_of(answer)
    ((endpoint, _),) = endpoints(api)
    expected = ["video.queued", "video.started", "video.succeeded", "video.queued"]
    assert types(api.farm.database, endpoint) == expected
