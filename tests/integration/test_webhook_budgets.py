"""What webhooks are told of the minutes of video that an organisation may ask for in a day: each once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import func, select, update

from app.domain.quotas import DAY_S, Quotas, is_mostly_used
from app.domain.webhook_events import BUDGET_EXCEEDED, BUDGET_WARNING, CATALOGUE
from app.models import Job, OrgUsage, WebhookMessage
from app.models.database import Database
from tests.api_server import Api, local_org_id, serve
from tests.made_messages import make_endpoint, told, types

TEN_MINUTES = 10.0
VIDEO = {"text": "A river runs to the sea."}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"QUOTA_MINUTES_A_DAY": f"{TEN_MINUTES:g}"}) as api:
        yield api


@pytest.fixture
def endpoint(api: Api) -> int:
    return make_endpoint(api.farm.database, local_org_id(api), [BUDGET_WARNING, BUDGET_EXCEEDED])


def use(api: Api, minutes: float, counted: bool = True) -> None:
    """As if the jobs that there are came to so many minutes; not `counted`: none of it is there any more."""
    with api.farm.database.begin() as session:
        share_s = minutes * 60 / (session.scalar(select(func.count()).select_from(Job)) or 1)
        session.execute(update(Job).values(video_s=share_s if counted else 1.0))
        session.execute(update(OrgUsage).values(video_s=minutes * 60))


def refused(api: Api) -> bool:
    return api.post("/api/videos", VIDEO).status == 429


def test_whoever_has_used_most_of_a_day_is_warned_once(api: Api, endpoint: int) -> None:
    api.accept()
    use(api, 7.0)
    api.accept()
    assert types(api.farm.database, endpoint) == []
    use(api, 8.1)
    for _ in range(3):
        api.accept()
    (message,) = told(api.farm.database, endpoint)
    assert message.type == BUDGET_WARNING
    assert (message.data["what"], message.data["limit"]) == ("minutes_a_day", TEN_MINUTES)
    assert 8.1 <= message.data["used"] < TEN_MINUTES


def test_what_only_seemed_to_be_used_warns_nobody(api: Api, endpoint: int) -> None:
    api.accept()
    # Jobs that have come to nothing since the last count.
    use(api, 9.0, counted=False)
    api.accept()
    assert types(api.farm.database, endpoint) == []


def test_a_refusal_for_the_days_minutes_is_told_once_however_many_there_are(api: Api, endpoint: int) -> None:
    api.accept()
    use(api, 10.0)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(refused, [api] * 8))
    (message,) = told(api.farm.database, endpoint)
    assert (message.type, message.data["used"], message.data["limit"]) == (BUDGET_EXCEEDED, 10.0, TEN_MINUTES)
    body = {"type": message.type, "timestamp": message.timestamp, "data": message.data}
    Draft202012Validator(CATALOGUE[message.type].schema).validate(body)
    assert message.data["resets_at"][10:] == "T00:00:00.000Z"


def test_a_new_day_is_told_of_anew(api: Api, endpoint: int) -> None:
    api.accept()
    use(api, 10.0)
    assert refused(api)
    with api.farm.database.begin() as session:
        session.execute(update(WebhookMessage).values(created_at=WebhookMessage.created_at - DAY_S))
    assert refused(api)
    assert types(api.farm.database, endpoint) == [BUDGET_EXCEEDED] * 2


def test_a_retry_of_many_that_is_refused_tells_it_too(api: Api, endpoint: int) -> None:
    job_id = api.accept()["id"]
    api.post(f"/api/jobs/{job_id}/cancel")
    api.accept()
    use(api, 10.0)
    with api.farm.database.begin() as session:
        session.execute(update(Job).where(Job.public_id != job_id).values(video_s=600.0))
    answer = api.post("/api/jobs/bulk/retry", {"filter": {"status": ["canceled"]}, "confirm": 1})
    assert (answer.status, answer.json()["data"]["results"][0]["done"]) == (200, "skipped")
    assert types(api.farm.database, endpoint) == [BUDGET_EXCEEDED]


def test_a_refusal_for_something_else_is_no_matter_of_the_budget(api: Api, endpoint: int) -> None:
    answer = api.post("/api/videos", {"text": "A river runs to the sea. " * 700})
    assert answer.status == 429
    assert types(api.farm.database, endpoint) == []


def test_whoever_does_not_listen_is_not_written_to(api: Api) -> None:
    api.accept()
    use(api, 10.0)
    assert refused(api)
    with api.farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(WebhookMessage)) == 0


def test_four_fifths_are_most_and_without_a_limit_nothing_is() -> None:
    assert is_mostly_used(Quotas(minutes_a_day=10), 480.0)
    assert not is_mostly_used(Quotas(minutes_a_day=10), 479.9)
    assert not is_mostly_used(Quotas(), 1e9)
