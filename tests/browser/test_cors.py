"""A page of another origin: a real browser lets it call the farm where the farm names its origin, and nowhere else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.models.database import Database
from app.models.migrate import migrate
from tests.api_server import Api, serve

# Sends what no page may send without being asked first, and reads what none may read.
CALL = """async ([farm, key]) => {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Idempotency-Key": "one" };
  const body = JSON.stringify({ text: "A river runs to the sea." });
  const accepted = await fetch(`${farm}/api/videos`, { method: "POST", headers, body });
  const refused = await fetch(`${farm}/api/jobs/nothing`, { headers });
  const stream = await fetch(farm + accepted.headers.get("Location") + "/events", { headers });
  const { value } = await stream.body.getReader().read();
  return [accepted.status, Boolean(accepted.headers.get("x-correlation-id")), refused.status,
          (await refused.json()).error_code, new TextDecoder().decode(value).includes("retry")];
}"""


class OwnPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Studio</title>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def studio() -> Iterator[str]:
    """The origin of somebody's own page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OwnPage) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def farm(home: Path, **environment: str) -> Iterator[Api]:
    url = f"sqlite:///{home / 'farm.db'}"
    migrate(url)
    database = Database(url)
    with serve(database, home, environment) as api:
        yield api
    database.close()


@contextlib.contextmanager
def page_of(browser: Browser, origin: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(origin)
    yield page
    page.close()


def test_a_page_whose_origin_is_named_calls_and_reads(browser: Browser, studio: str, tmp_path: Path) -> None:
    with farm(tmp_path, CORS_ORIGINS=studio) as api, page_of(browser, studio) as page:
        assert page.evaluate(CALL, [api.url, api.key]) == [202, True, 404, "NOT_FOUND", True]


def test_a_page_of_any_other_origin_does_not(browser: Browser, studio: str, tmp_path: Path) -> None:
    with farm(tmp_path, CORS_ORIGINS="https://studio.example") as api, page_of(browser, studio) as page:
        told = page.evaluate(f"args => ({CALL})(args).catch(error => error.name)", [api.url, api.key])
        assert told == "TypeError"
        assert api.get("/api/jobs").json()["data"]["items"] == []
