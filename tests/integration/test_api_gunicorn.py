"""The API as it runs in earnest: gunicorn, its configuration, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from app.models.migrate import migrate
from config.settings import load_settings
from tests.servers import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Web:
    process: subprocess.Popen[bytes]
    url: str
    home: Path

    def ask(self, method: str, path: str, **more: object) -> urllib3.BaseHTTPResponse:
        headers = {"X-API-Key": (self.home / "local.key").read_text().strip(), "Content-Type": "application/json"}
        return urllib3.request(method, self.url + path, headers=headers, retries=False, timeout=20.0, **more)  # type: ignore[arg-type]

    def answers(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/health/healthz", retries=False, timeout=5.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    home, port = tmp_path / "une maison", free_port()
    environment = {
        "SCENEWORKS_HOME": str(home),
        "SCENEWORKS_PORT": str(port),
        "LOG_FORMAT": "json",
        # Nobody listens there: whatever is accepted is accepted without a broker.
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    migrate(load_settings(environment).database_url)
    log = (tmp_path / "web.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "workers.web:application"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    web = Web(process, f"http://127.0.0.1:{port}", home)
    try:
        wait_for(lambda: web.answers() or process.poll() is not None, within_s=30.0)
        assert process.poll() is None, (tmp_path / "web.log").read_text()
        yield web
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def test_it_accepts_without_a_broker_and_stops_with_streams_open(web: Web) -> None:
    accepted = web.ask("POST", "/api/videos", body=b'{"text": "A river."}')
    assert accepted.status == 202
    streams = [web.ask("GET", accepted.headers["Location"] + "/events", preload_content=False) for _ in range(3)]
    assert [stream.read1(10) for stream in streams] == [b"retry: 300"] * 3
    web.process.send_signal(signal.SIGTERM)
    # Each stream ends as streams end, so that browsers come back to the next process.
    for stream in streams:
        assert b"event: video.queued" in stream.read()
    assert web.process.wait(20) == 0


def test_a_body_far_too_large_is_still_answered(web: Web) -> None:
    answer = web.ask("POST", "/api/videos", body=b"[" * 20_000_000)
    assert (answer.status, answer.json()["error_code"]) == (413, "TOO_LARGE")
    assert web.ask("GET", "/api/jobs").status == 200


def test_a_body_in_chunks_is_held_to_the_same_limit(web: Web) -> None:
    answer = web.ask("POST", "/api/videos", body=(b"[" * 65536 for _ in range(100)))
    assert (answer.status, answer.json()["error_code"]) == (413, "TOO_LARGE")
