"""The API as it runs in earnest: gunicorn, its configuration, its end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from app.api.body_clock import BodyClock
from app.api.hung_up import hung_up
from app.api.streams import HEARTBEAT_S
from app.models.migrate import migrate
from config.settings import load_settings
from tests.api_server import error_of
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

    def log(self) -> list[dict[str, Any]]:
        lines = (self.home.parent / "web.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def answers(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/health/healthz", retries=False, timeout=5.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False


THREADS = 2


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with served(tmp_path, {}) as web:
        yield web


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Web]:
    with served(tmp_path, {"BODY_STALL_S": "1", "WEB_THREADS": str(THREADS)}) as web:
        yield web


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[Web]:
    """One place for an event stream, of the organisation as of the process."""
    with served(tmp_path, {"WEB_THREADS": "2"}) as web:
        yield web


@contextmanager
def served(tmp_path: Path, settings: Mapping[str, str]) -> Iterator[Web]:
    home, port = tmp_path / "une maison", free_port()
    environment = {
        "SCENEWORKS_HOME": str(home),
        "SCENEWORKS_PORT": str(port),
        "LOG_FORMAT": "json",
        # Nobody listens there: whatever is accepted is accepted without a broker.
        "REDIS_URL": "redis://127.0.0.1:1/0",
        **settings,
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


def test_a_stream_whose_client_has_gone_leaves_its_place(tight: Web) -> None:
    """Far sooner than a heartbeat to nobody would show it: those who wait for that are refused meanwhile."""
    accepted = tight.ask("POST", "/api/videos", body=b'{"text": "A river."}')
    for path in (accepted.headers["Location"] + "/events", "/api/events", "/api/events"):
        stream = wait_for(lambda path=path: stream_of(tight, path), within_s=HEARTBEAT_S / 2, what="the place")
        assert stream.read1(10) == b"retry: 300"
        assert stream_of(tight, "/api/events") is None
        stream.close()


def stream_of(web: Web, path: str) -> urllib3.BaseHTTPResponse | None:
    """None while the place is taken."""
    stream = web.ask("GET", path, preload_content=False)
    if stream.status == 200:
        return stream
    assert (stream.status, error_of(stream)["error_code"]) == (429, "TOO_MANY_STREAMS")
    return None


def test_bytes_behind_the_request_do_not_pass_for_a_closed_connection() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        is_gone = hung_up({"gunicorn.socket": ours})
        assert not is_gone()
        theirs.sendall(b"GET")
        assert not is_gone() and ours.recv(3) == b"GET"
        theirs.close()
        assert is_gone()


def test_a_body_far_too_large_is_still_answered(web: Web) -> None:
    answer = web.ask("POST", "/api/videos", body=b"[" * 20_000_000)
    assert (answer.status, answer.json()["error_code"]) == (413, "TOO_LARGE")
    assert web.ask("GET", "/api/jobs").status == 200


def test_a_body_in_chunks_is_held_to_the_same_limit(web: Web) -> None:
    answer = web.ask("POST", "/api/videos", body=(b"[" * 65536 for _ in range(100)))
    assert (answer.status, answer.json()["error_code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("size_bytes", [20_000, 60_000, 100_000])
def test_an_answer_before_the_body_was_read_says_whether_the_connection_ends(
    web: Web, size_bytes: int, is_chunked: bool
) -> None:
    """http.client opens a new connection after `Connection: close` alone; any other end is an error of the request."""
    there = urlsplit(web.url)
    connection = http.client.HTTPConnection(str(there.hostname), there.port, timeout=20)
    pieces = [b"x" * 10_000] * (size_bytes // 10_000)
    for _ in range(6):
        body = iter(pieces) if is_chunked else b"".join(pieces)
        connection.request("POST", "/api/videos", body, {"X-API-Key": "wrong"}, encode_chunked=is_chunked)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error_code"]) == (401, "UNAUTHORIZED")
    connection.close()


def raw(web: Web, sent: bytes) -> urllib3.BaseHTTPResponse:
    """The answer to bytes that no HTTP library would send."""
    address = urlsplit(web.url)
    assert address.hostname and address.port
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return urllib3.HTTPResponse(answer.read(), dict(answer.getheaders()), answer.status)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /api/jobs?" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: farm\r\n\r\n", 414, "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"This is no HTTP\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/1.1\r\nsw_live_secret key: 1\r\n\r\n", 400, "BAD_REQUEST"),
        (b"POST /api/videos HTTP/1.1\r\nTransfer-Encoding: squeezed\r\n\r\n", 501, "BAD_REQUEST"),
    ],
    ids=["long address", "long header", "many headers", "no HTTP", "another HTTP", "a bad header", "unknown coding"],
)
def test_what_gunicorn_itself_refuses_is_in_the_envelope_too(web: Web, sent: bytes, status: int, code: str) -> None:
    answer = raw(web, sent)
    assert (answer.status, error_of(answer)["error_code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Connection"] == "close"
    said = next(line for line in web.log() if line["event"] == "request_unreadable")
    assert (said["correlation_id"], said["status"]) == (answer.headers["x-correlation-id"], status)
    assert "sw_live" not in str(web.log())
    assert web.ask("GET", "/api/jobs").status == 200


def test_a_body_whose_chunks_are_none_is_the_callers_fault(web: Web) -> None:
    key = (web.home / "local.key").read_bytes().strip()
    head = b"POST /api/videos HTTP/1.1\r\nHost: farm\r\nX-API-Key: " + key + b"\r\nContent-Type: application/json\r\n"
    answer = raw(web, head + b"Transfer-Encoding: chunked\r\n\r\nthis is no size\r\n")
    assert (answer.status, error_of(answer)["error_code"]) == (400, "MALFORMED_BODY")
    assert web.ask("GET", "/api/jobs").status == 200


@pytest.mark.parametrize("head", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_clients_that_stall_hold_no_thread(impatient: Web, head: str) -> None:
    """More of them than there are threads; each has sent some of its body, and would go on for ever."""
    key = (impatient.home / "local.key").read_text().strip()
    there = urlsplit(impatient.url)
    begun = (
        f"POST /api/assets HTTP/1.1\r\nHost: {there.netloc}\r\nX-API-Key: {key}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{head}\r\n\r\n"
    )
    with ExitStack() as open_ones:
        stalled = [
            open_ones.enter_context(socket.create_connection((there.hostname, there.port), timeout=30.0))
            for _ in range(THREADS + 1)
        ]
        for wire in stalled:
            wire.sendall(begun.encode() + (b"3\r\n--b\r\n" if "chunked" in head else b"--b"))
        assert impatient.ask("GET", "/api/jobs").status == 200
        for wire in stalled:
            answer = wire.recv(65536)
            while b"correlation_id" not in answer and (more := wire.recv(65536)):
                answer += more
            assert answer.split()[1] == b"400" and b"MALFORMED_BODY" in answer
    assert not list((impatient.home / "work" / "uploads").glob("*"))


def test_a_client_that_drips_is_given_up_too() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # Its time is over when it begins; a byte each now and then changes nothing.
        end = BodyClock(stall_s=0.0, most_bytes=0).begin(ours, length=10**9)
        ours.settimeout(10.0)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
        assert ours.recv(1) == b""
        end()


@pytest.mark.parametrize(("size_bytes", "status"), [(70_000, 422), (80_000_000, 413)])
def test_an_upload_that_does_not_say_its_length_is_read_and_held_to_the_limit(
    web: Web, size_bytes: int, status: int
) -> None:
    key = (web.home / "local.key").read_text().strip()
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    pieces = [head, *[bytes(10_000)] * (size_bytes // 10_000), b"\r\n--b--\r\n"]
    headers = {"X-API-Key": key, "Content-Type": "multipart/form-data; boundary=b"}
    answer = urllib3.request("POST", f"{web.url}/api/assets", headers=headers, body=iter(pieces), retries=False)
    assert (answer.status, answer.json()["ok"]) == (status, False)
    assert not list((web.home / "work" / "uploads").glob("*"))
