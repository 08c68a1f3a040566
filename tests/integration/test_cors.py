"""Pages of other origins: those that are named may call the API from a browser, and read what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from urllib3 import BaseHTTPResponse

from app.api.cors import SENT
from app.models.database import Database
from config.settings import SettingsError, load_settings
from tests.api_server import Api, error_of, serve

STUDIO = "https://studio.example"
STRANGER = "https://studio.example.evil.example"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"CORS_ORIGINS": f"{STUDIO}, http://localhost:3000"}) as api:
        yield api


def preflight(api: Api, origin: str, path: str = "/api/videos", method: str = "POST") -> BaseHTTPResponse:
    """As a browser asks: without the key."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return Api(api.url, None, api.farm, api.settings, api.flask).ask("OPTIONS", path, headers=headers)


def names(answer: BaseHTTPResponse, header: str) -> set[str]:
    return {name.strip().lower() for name in answer.headers.get(header, "").split(",")}


def test_a_preflight_is_answered_before_the_key_is_asked_for(api: Api) -> None:
    answer = preflight(api, STUDIO)
    assert (answer.status, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == STUDIO
    # A session's cookie is for the farm's own pages.
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert {"post", "put", "patch", "delete"} <= names(answer, "Access-Control-Allow-Methods")
    assert names(answer, "Access-Control-Allow-Headers") == {name.lower() for name in SENT}
    assert "Origin" in answer.headers["Vary"] and answer.headers["x-correlation-id"]
    assert preflight(api, "http://localhost:3000", "/api/nothing", "DELETE").status == 204


def test_every_header_that_the_document_knows_may_be_sent(api: Api) -> None:
    document = api.get("/openapi.json").json()
    known = {
        parameter["name"].lower()
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }
    schemes = document["components"]["securitySchemes"].values()
    known |= {scheme["name"].lower() for scheme in schemes if scheme.get("in") == "header"}
    assert known <= {name.lower() for name in SENT}


@pytest.mark.parametrize("origin", [STRANGER, "http://studio.example", "https://studio.example:8443", "null", ""])
def test_no_other_origin_is_let_in(api: Api, origin: str) -> None:
    refused = preflight(api, origin)
    assert refused.status == 401
    answer = api.get("/api/jobs", Origin=origin)
    # A program that is no browser is not kept out by it; a browser shows its page nothing.
    assert answer.status == 200
    for told in (refused, answer):
        assert not any(name.lower().startswith("access-control-") for name in told.headers)
        assert "Origin" in told.headers["Vary"]


def test_errors_files_and_streams_can_be_read_too(api: Api) -> None:
    job = api.accept()
    stream = api.stream(job["id"], Origin=STUDIO)
    refused = Api(api.url, None, api.farm, api.settings, api.flask).get("/api/jobs", Origin=STUDIO)
    answers = [
        stream,
        refused,
        api.get("/api/jobs", Origin=STUDIO),
        api.get("/api/nothing", Origin=STUDIO),
        api.post("/api/videos", {"text": ""}, Origin=STUDIO),
        api.ask("PUT", "/api/jobs", headers={"Origin": STUDIO}),
    ]
    assert [answer.status for answer in answers] == [200, 401, 200, 404, 422, 405]
    assert error_of(refused)["error_code"] == "UNAUTHORIZED"
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == STUDIO
        assert "Origin" in answer.headers["Vary"]
        exposed = names(answer, "Access-Control-Expose-Headers")
        assert {"x-correlation-id", "etag", "location", "retry-after", "ratelimit", "ratelimit-policy"} <= exposed
        assert {"idempotent-replayed", "content-range"} <= exposed
    stream.close()


def test_without_the_setting_no_origin_is_named(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home") as api:
        assert preflight(api, STUDIO).status == 401
        assert "Access-Control-Allow-Origin" not in api.get("/api/jobs", Origin=STUDIO).headers


@pytest.mark.parametrize(
    "wrong",
    ["*", "https://*.example", "null", "studio.example", "https://studio.example/app", "ftp://a.example", "http://a:x"],
)
def test_what_is_no_origin_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="CORS_ORIGINS: "):
        load_settings({"CORS_ORIGINS": f"{STUDIO}, {wrong}"})


def test_origins_are_read_as_browsers_write_them() -> None:
    given = "HTTPS://Studio.Example:443/, http://[::1]:3000"
    assert load_settings({"CORS_ORIGINS": given}).cors_origins == {STUDIO, "http://[::1]:3000"}
