"""Who gets the places for event streams, and what those are told who get none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from urllib3 import BaseHTTPResponse

from app.api.streams import Streams
from app.domain.access import Scope
from app.domain.errors import TooManyStreams
from app.models.database import Database
from tests.api_server import Api, error_of, serve
from tests.log_lines import lines_in, logged


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def places(api: Api, limit: int) -> Streams:
    streams: Streams = api.flask.extensions["streams"]
    streams.limit = limit
    return streams


def listen(api: Api, path: str = "/api/events") -> BaseHTTPResponse:
    return api.ask("GET", path, preload_content=False)


@pytest.mark.parametrize("path", ["/api/events", "/api/jobs/{job}/events"])
def test_one_organisation_leaves_half_of_the_places_to_others(api: Api, path: str) -> None:
    streams, path = places(api, 4), path.format(job=api.accept()["id"])
    held = [listen(api), listen(api, path)]
    refused = api.get(path)
    told = error_of(refused)
    assert (refused.status, told["error_code"], refused.headers["Retry-After"]) == (429, "TOO_MANY_STREAMS", "5")
    assert "Your organisation holds 2 of this server's 4" in told["message"] and told["details"] == {"limit": 2}
    # Another key of the organisation changes nothing; another organisation has its own half.
    assert api.limited(Scope.JOBS_READ).get("/api/events").status == 429
    other = api.stranger()
    held += [listen(other), listen(other)]
    assert [stream.status for stream in held] == [200] * 4
    assert streams.share == 2


def test_when_all_are_taken_the_next_is_refused_without_an_alarm(api: Api) -> None:
    places(api, 2)
    held = [listen(api), listen(api.stranger())]
    with logged() as log:
        refused = api.stranger("others").get("/api/events")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert "All organisations together hold this server's 2" in error_of(refused)["message"]
    lines = lines_in(log.text.splitlines())
    assert [line["event"] for line in lines if line["level"] != "info"] == ["request_refused"]
    assert log.of("request_refused")[0]["level"] == "warning"
    assert len(held) == 2


def test_a_process_with_one_place_gives_it_to_anyone(api: Api) -> None:
    places(api, 1)
    held = listen(api)
    assert (held.status, api.get("/api/events").status, api.stranger().get("/api/events").status) == (200, 429, 503)


def test_a_place_comes_back_once_however_often_it_is_given_back() -> None:
    streams = Streams()
    streams.limit = 4
    first, _ = streams.take(1), streams.take(1)
    first()
    first()
    streams.take(1)
    with pytest.raises(TooManyStreams, match="Your organisation holds 2"):
        streams.take(1)
