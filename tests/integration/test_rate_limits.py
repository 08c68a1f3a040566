"""Rates: so many requests that make jobs, per caller and per organisation, counted where all processes see them."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from sqlalchemy import update
from urllib3 import BaseHTTPResponse

from app.api.policy import POLICY
from app.domain.access import Role
from app.models import IdempotencyRecord, OrgLimits
from app.models.database import Database, database_now_s
from app.services import rate_counter
from config.logging import configure_logging
from config.settings import SettingsError, load_settings
from tests.api_server import Api, error_of, local_org_id, new_key, serve
from tests.people import signed_in
from tests.servers import RedisServer, skip_reason_for_redis

VIDEO = {"text": "A river runs to the sea."}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep a Redis from answering in time, and what is not counted is let through."""
    monkeypatch.setattr(rate_counter, "ANSWER_WITHIN_S", 5.0)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    if reason := skip_reason_for_redis():
        pytest.skip(reason)
    with RedisServer() as server:
        yield server


@pytest.fixture
def environment(server: RedisServer) -> dict[str, str]:
    redis.Redis.from_url(server.url).flushall()
    return {"REDIS_URL": server.url, "RATE_LIMIT_USER": "3/60", "RATE_LIMIT_ORG": "5/60"}


@pytest.fixture
def api(database: Database, tmp_path: Path, environment: dict[str, str]) -> Iterator[Api]:
    with serve(database, tmp_path / "home", environment) as api:
        yield api


def ask(api: Api, **headers: str) -> BaseHTTPResponse:
    return api.post("/api/videos", VIDEO, **headers)


def colleague(api: Api) -> Api:
    """Another key of the same organisation."""
    return replace(api, key=new_key(api.farm.database, local_org_id(api)))


def test_a_caller_is_told_what_is_left_and_refused_when_nothing_is(api: Api) -> None:
    answers = [ask(api) for _ in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"user";q=3;w=60, "org";q=5;w=60'
    assert answers[0].headers["RateLimit"] == '"user";r=2;t=60, "org";r=4;t=60'
    refused = answers[3]
    assert refused.headers["RateLimit"].startswith('"user";r=0;t=')
    # Nothing is taken from the organisation for a request that was refused.
    assert '"org";r=2;' in refused.headers["RateLimit"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    error = error_of(refused)
    assert error["error_code"] == "RATE_LIMITED"
    assert error["details"] == {"limit": "user", "requests": 3, "window_s": 60}


def test_an_organisation_has_a_rate_above_those_of_its_callers(api: Api) -> None:
    callers = [api, colleague(api), colleague(api)]
    statuses = [ask(caller).status for caller in callers for _ in range(2)]
    assert statuses == [202] * 5 + [429]
    assert error_of(ask(callers[2]))["details"]["limit"] == "org"
    assert ask(api.stranger()).status == 202


def test_each_end_user_of_one_key_has_a_rate_of_its_own(api: Api) -> None:
    assert [ask(api, X_End_User="ann").status for _ in range(4)] == [202, 202, 202, 429]
    assert ask(api, X_End_User="bob").status == 202
    assert ask(api).status == 202
    assert error_of(ask(api, X_End_User="cid"))["details"]["limit"] == "org"


def test_a_person_is_one_user_whatever_they_name(api: Api) -> None:
    page = signed_in(api, Role.MEMBER)
    assert [ask(page, X_End_User=f"user{n}").status for n in range(4)] == [202, 202, 202, 429]


@pytest.mark.parametrize("name", ["", "a b", "x" * 129, "\u00e9"])
def test_an_end_user_that_cannot_be_is_refused(api: Api, name: str) -> None:
    refused = ask(api, X_End_User=name.encode().decode("latin-1"))
    assert (refused.status, error_of(refused)["details"]["field"]) == (422, "X-End-User")


def test_all_processes_count_together(
    api: Api, database: Database, tmp_path: Path, environment: dict[str, str]
) -> None:
    with serve(database, tmp_path / "elsewhere", environment) as other:
        elsewhere = replace(other, key=api.key)
        assert [ask(caller).status for caller in (api, elsewhere, api, elsewhere, api)] == [202] * 3 + [429] * 2


def test_a_request_counts_for_one_window_whenever_that_began(api: Api, server: RedisServer) -> None:
    assert [ask(api).status for _ in range(4)] == [202, 202, 202, 429]
    client = redis.Redis.from_url(server.url)
    for bucket in client.keys(f"{rate_counter.PREFIX}user:*"):
        oldest = client.zrange(bucket, 0, 0)[0]
        client.zincrby(bucket, -59_000_000, oldest)
        assert int(ask(api).headers["Retry-After"]) == 1
        client.zincrby(bucket, -1_000_000, oldest)
    assert [ask(api).status for _ in range(2)] == [202, 429]


def test_every_request_that_makes_jobs_counts_and_no_other_does(api: Api) -> None:
    assert ask(api).status == 202
    assert api.post("/api/videos", {"text": ""}).status == 422
    bulk = api.post("/api/jobs/bulk/retry", {"filter": {"status": ["failed"]}})
    assert (bulk.status, bulk.headers["RateLimit"].split(";")[1]) == (200, "r=0")
    for _ in range(10):
        looked = api.get("/api/jobs")
        assert looked.status == 200 and "RateLimit" not in looked.headers
    assert api.post("/api/jobs/vid_0/cancel").status == 404


def test_the_document_names_the_operations_that_count(api: Api) -> None:
    document = api.get("/openapi.json").json()
    limited = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "RateLimit" in operation["responses"].get("429", {}).get("headers", {})
    }
    counted = {endpoint for endpoint, access in POLICY.items() if access.generates}
    specs = {vars(api.flask.view_functions[endpoint])["_spec"]["operation_id"] for endpoint in counted}
    assert limited == specs == {"createVideo", "editScene", "retryJob", "restartJob", "retryJobs"}


def test_an_answer_given_before_costs_nothing_even_when_nothing_is_left(api: Api) -> None:
    first = ask(api, Idempotency_Key="one")
    again = ask(api, Idempotency_Key="one")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["RateLimit"].startswith('"user";r=2;')
    assert [ask(api).status for _ in range(3)] == [202, 202, 429]
    replayed = ask(api, Idempotency_Key="one")
    assert replayed.status == 202 and replayed.json()["data"]["id"] == first.json()["data"]["id"]
    assert ask(api, Idempotency_Key="two").status == 429
    with api.farm.database.begin() as session:
        a_day_ago = database_now_s(session) - 24 * 3600
        session.execute(update(IdempotencyRecord).values(created_at=a_day_ago - 1))
    assert ask(api, Idempotency_Key="one").status == 429


def test_an_organisation_may_have_a_limit_of_its_own(api: Api) -> None:
    stranger = api.stranger()
    with api.farm.database.begin() as session:
        org_id = local_org_id(stranger)
        session.add(OrgLimits(org_id=org_id, requests_a_minute=1, updated_at=database_now_s(session)))
    assert ask(stranger).headers["RateLimit-Policy"] == '"user";q=3;w=60, "org";q=1;w=60'
    assert ask(stranger).status == 429


def test_either_limit_can_be_switched_off(database: Database, tmp_path: Path, environment: dict[str, str]) -> None:
    with serve(database, tmp_path / "home", {**environment, "RATE_LIMIT_USER": "off"}) as api:
        assert [ask(api).status for _ in range(6)] == [202] * 5 + [429]
        assert ask(api).headers["RateLimit-Policy"] == '"org";q=5;w=60'
    with serve(database, tmp_path / "home", {**environment, "RATE_LIMIT_USER": "off", "RATE_LIMIT_ORG": "OFF"}) as api:
        answer = ask(api)
        assert answer.status == 202 and "RateLimit" not in answer.headers


@pytest.mark.parametrize("wrong", ["10", "0/60", "10/0", "-1/60", "10/60s", "10/90000"])
def test_a_rate_that_makes_no_sense_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="RATE_LIMIT_USER: must be requests/seconds"):
        load_settings({"RATE_LIMIT_USER": wrong})


def test_a_redis_that_is_away_lets_everyone_through_and_is_named_once(api: Api, server: RedisServer) -> None:
    lines = io.StringIO()
    configure_logging(load_settings({"LOG_FORMAT": "json"}), lines)
    assert [ask(api).status for _ in range(4)][-1] == 429
    with server.away():
        assert [ask(api).status for _ in range(5)] == [202] * 5
    said = [json.loads(line)["event"] for line in lines.getvalue().splitlines()]
    assert said.count("rates_not_counted") == 1


def test_a_redis_that_hangs_lets_everyone_through(
    database: Database,
    tmp_path: Path,
    environment: dict[str, str],
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    with serve(database, tmp_path / "home", environment) as api:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            answers = [ask(api) for _ in range(5)]
        finally:
            os.kill(server.pid, signal.SIGCONT)
    assert [answer.status for answer in answers] == [202] * 5
    assert not any("RateLimit" in answer.headers for answer in answers)
