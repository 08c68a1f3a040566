"""One envelope for whatever goes wrong, and a correlation id on everything."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from app.api import create_app
from app.api.problems import problem_of
from app.models.database import Database
from app.providers.espeak import EspeakVoice
from app.services.database_health import check_database
from config.logging import configure_logging
from config.settings import load_settings
from tests.api_server import Api, error_of, serve


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "NOT_FOUND"),
        ("POST", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/static/../../config/settings.py", 404, "NOT_FOUND"),
        ("DELETE", "/api/jobs", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/videos", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/docs", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/videos", 415, "UNSUPPORTED_CONTENT_TYPE"),
        ("POST", "/api/assets", 415, "UNSUPPORTED_CONTENT_TYPE"),
    ],
)
def test_the_envelope_stands_around_every_error(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.ask(method, path)
    assert (answer.status, error_of(answer)["error_code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("method", "path", "awaited"),
    [
        ("POST", "/api/admin/pools/cpu/pause", "reason, and until if wanted."),
        ("POST", "/api/admin/jobs/force-stop-all", "confirm, reason."),
        ("POST", "/api/jobs/bulk/cancel", "filter, and confirm if wanted."),
        ("PATCH", "/api/videos/vid_1/scenes/1", "any of text, title, image, video, background, effect, regenerate."),
    ],
)
def test_a_body_that_is_missing_is_asked_for_by_its_fields(api: Api, method: str, path: str, awaited: str) -> None:
    answer = api.ask(method, path, body=b"", headers={"Content-Type": "application/json"})
    error = error_of(answer)
    assert (answer.status, error["error_code"]) == (400, "MALFORMED_BODY")
    assert error["message"] == f"A body is required: a JSON object with {awaited}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=["another charset", "compressed"],
)
def test_a_body_that_is_written_otherwise_is_not_guessed_at(api: Api, headers: dict[str, str]) -> None:
    answer = api.ask("POST", "/api/videos", body=b'{"text": "A river."}', headers=headers)
    assert (answer.status, error_of(answer)["error_code"]) == (415, "UNSUPPORTED_CONTENT_TYPE")


def test_a_byte_order_mark_is_passed_over(api: Api) -> None:
    body = b'\xef\xbb\xbf{"text": "A river."}'
    assert api.ask("POST", "/api/videos", body=body, headers={"Content-Type": "application/json"}).status == 202


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_condition_that_fails_is_refused_without_what_it_is_about(api: Api, method: str) -> None:
    job = f"/api/jobs/{api.accept()['id']}"
    etag = api.get(job).headers["ETag"]
    for tag in ('"another"', etag):
        answer = api.ask(method, job, headers={"If-Match": tag})
        assert answer.status == 412
        assert method == "HEAD" or error_of(answer)["error_code"] == "PRECONDITION_FAILED"


def test_problem_json_is_given_to_those_who_ask_for_it(api: Api) -> None:
    answer = api.get("/api/jobs?limit=0", Accept="application/problem+json")
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "Unprocessable Entity", 422)
    assert (problem["error_code"], problem["details"]["field"]) == ("INVALID_INPUT", "limit")
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]
    assert "ok" in api.get("/api/nothing", Accept="*/*").json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "abc", "voice": "klingon"}, "voice"),
        ({"text": "abc", "language": "klingon"}, "language"),
        ({"text": "klingon" * 15_000}, "text"),
        ({"scenes": [{"text": "abc"}, {"text": "klingon" * 15_000}]}, "scenes.1.text"),
        ({"text": "abc", "size": "klingon"}, "size"),
        ({"text": "abc", "captions": "klingon"}, "captions"),
        ({"text": "abc", "images": ["klingon"]}, "images.0"),
        ({"text": "abc", "title": "klingon\ud800"}, "title"),
        ({"text": "abc", "title": "klingon\0"}, "title"),
        ({"text": " "}, "text"),
        ({"text": "abc", "prompt": "klingon"}, "text"),
    ],
)
def test_the_message_begins_with_the_field_and_never_quotes_what_was_sent(
    api: Api, body: dict[str, object], field: str
) -> None:
    answer = api.post("/api/videos", body)
    error = error_of(answer)
    assert (answer.status, error["details"]["field"]) == (422, field)
    assert error["message"].startswith(f"{field}: ") and error["message"].count(f"{field}: ") == 1
    assert b"klingon" not in answer.data


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"text": "one", "text": "two"}', "text"),
        (b'{"text": "one", "metadata": {"case": "1", "case": "1"}}', "case"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "body"),
    ],
)
def test_a_field_that_is_given_twice_is_refused(api: Api, body: bytes, field: str) -> None:
    answer = api.post("/api/videos", body)
    error = error_of(answer)
    assert (answer.status, error["error_code"], error["details"]["field"]) == (422, "INVALID_INPUT", field)
    assert error["message"] == f"{field}: This field is given more than once."


def test_a_well_formed_correlation_id_is_kept_and_any_other_replaced(api: Api) -> None:
    assert api.get("/health/healthz", x_correlation_id="My-Request_1.2").headers["x-correlation-id"] == "My-Request_1.2"
    for given in ("", "a b", "x" * 129, "é".encode().decode("latin-1"), "<script>"):
        assert api.get("/api/nothing", x_correlation_id=given).headers["x-correlation-id"].startswith("req_")


class BrokenVoice(EspeakVoice):
    """A voice with a fault that nobody foresaw."""

    def check(self, language: str, voice: str | None) -> None:
        raise ZeroDivisionError("sk-proj-abcdefghijklmnop fell over")


def test_what_nobody_foresaw_is_a_500_that_says_nothing_and_a_log_line_that_says_all(api: Api) -> None:
    lines = io.StringIO()
    configure_logging(load_settings({"LOG_FORMAT": "json"}), lines)
    client = create_app(replace(api.farm, voice=BrokenVoice()), api.settings).test_client()
    answer = client.post("/api/videos", json={"text": "A river."}, headers={"X-API-Key": api.key or ""})
    assert answer.status_code == 500
    assert answer.json is not None and answer.json["error_code"] == "INTERNAL"
    assert b"fell over" not in answer.data and b"Zero" not in answer.data
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    fault = next(line for line in logged if line["event"] == "request_failed")
    assert fault["correlation_id"] == answer.headers["x-correlation-id"]
    assert "ZeroDivisionError" in fault["exception"] and "abcdefghijklmnop" not in json.dumps(logged)


def test_a_database_that_is_away_is_a_503_with_a_time_to_come_back(api: Api) -> None:
    client = create_app(api.farm, api.settings).test_client()
    client.application.extensions["farm"] = replace(
        api.farm, database=Database("postgresql+psycopg2://x@127.0.0.1:1/x")
    )
    answer = client.get("/api/jobs", headers={"X-API-Key": api.key or ""})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json is not None and answer.json["error_code"] == "SERVICE_UNAVAILABLE"
    assert client.get("/health/healthz").status_code == 200
    readiness = client.get("/health/readyz")
    assert readiness.status_code == 503
    assert readiness.json is not None and readiness.json["checks"]["storage"] == "ok"
    assert "127.0.0.1" not in readiness.get_data(as_text=True)


def test_a_database_without_tables_is_not_ready(api: Api) -> None:
    with api.farm.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO jobs_of_before"))
    assert api.get("/health/readyz").status == 503
    with pytest.raises(Exception, match="migrated"):
        check_database(api.farm.database)


def test_a_full_disk_is_named() -> None:
    problem = problem_of(OSError(errno.ENOSPC, "No space left on device"))
    assert (problem.status, problem.code, problem.headers) == (503, "STORAGE_FULL", {"Retry-After": "5"})
