"""`scripts/webhook-listen`: what a customer sees of what comes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.domain.webhook_signature import new_secret, sign
from app.webhooks.exchange import Exchange, Outcome
from app.webhooks.target import Guard
from config.parsers import networks

BODY = b'{"type":"video.succeeded","data":{}}'


@contextmanager
def listening(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address where it listens, and its process."""
    command = [sys.executable, "-m", "workers.webhook_listen_cli", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process.stderr.readline().removeprefix("listening on ").strip(), process
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
        process.stderr.close()


def send(url: str, key: str, message_id: str = "msg_a", body: bytes = BODY) -> Outcome:
    exchange = Exchange(Guard(networks("127.0.0.1/32")), deadline_s=5.0)
    now_s = int(time.time())
    headers = {"webhook-id": message_id, "webhook-timestamp": str(now_s)}
    try:
        return exchange.post(url, {**headers, "webhook-signature": sign([key], message_id, now_s, body)}, body)
    finally:
        exchange.close()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def test_each_message_is_a_line_with_what_is_to_be_said_of_it() -> None:
    secret = new_secret()
    with listening("--secret", secret, "--fail-first", "1") as (url, process):
        sent = [send(url, secret), send(url, secret), send(url, secret), send(url, new_secret(), "msg_b")]
        assert [outcome.status_code for outcome in sent] == [500, 200, 200, 400]
        told = [line.partition(" ")[2] for line in lines(process, 4)]
    assert told == [
        "msg_a video.succeeded 500 verified",
        "msg_a video.succeeded 200 verified",
        "msg_a video.succeeded 200 verified, again",
        "msg_b video.succeeded 400 refused: no signature is of this secret",
    ]


def test_as_json_with_the_body_and_an_end() -> None:
    with listening("--json", "--count", "2", "--answer", "410") as (url, process):
        assert send(url, new_secret()).status_code == 410
        assert send(url, new_secret(), body=b"\xff no json\x1b[31m").status_code == 410
        first, second = (json.loads(line) for line in lines(process, 2))
        assert process.wait(10) == 0
    assert (first["type"], first["body"], first["status"]) == ("video.succeeded", BODY.decode(), 410)
    assert first["verdict"] == "not verified: no secret was given"
    assert second["type"] == "-"


def test_it_misbehaves_on_request() -> None:
    with listening("--redirect", "http://127.0.0.1:9/") as (url, _):
        assert send(url, new_secret()).error == "redirect"
    with listening("--answer", "429", "--retry-after", "90") as (url, _):
        assert send(url, new_secret()).retry_after_s == 90
    with listening("--drip") as (url, _):
        assert send(url, new_secret()).error == "timeout"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--secret", "v1,abc"], "This is a signature and no secret"),
        (["--answer", "99"], "must be a whole number between 200 and 599"),
        (["--slow", "-1"], "must not be below 0"),
    ],
)
def test_options_that_make_no_sense_are_told(options: list[str], said: str) -> None:
    ran = run(*options)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = run("--port", str(server.getsockname()[1]))
    assert ran.returncode == 2
    assert "already in use" in ran.stderr


def test_the_help_teaches() -> None:
    assert "WEBHOOK_ALLOW_NETWORKS=127.0.0.1/32" in run("--help").stdout


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.webhook_listen_cli", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)
