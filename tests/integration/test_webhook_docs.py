"""What docs/webhooks.md says is so: its catalogue, its schedule, and a receiver that is as it is written there."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from app.domain.webhook_events import CATALOGUE
from app.domain.webhook_signature import new_secret, sign
from app.webhooks.exchange import Exchange
from app.webhooks.target import Guard
from config.parsers import networks

DOCS = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_the_docs_have_the_catalogue() -> None:
    for type_ in CATALOGUE.values():
        off = "" if type_.is_default else " **Off by default.**"
        assert f"| `{type_.name}` | {type_.description}{off} |" in DOCS


def test_the_receiver_of_the_docs_takes_what_is_signed_and_each_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    block = re.search(r"```python\n(import os.*?)```", DOCS, re.DOTALL)
    assert block is not None
    written: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(block[1], "docs/webhooks.md", "exec"), written)
    server = make_server("127.0.0.1", 0, written["app"], threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    exchange = Exchange(Guard(networks("127.0.0.1/32")))
    now_s = int(datetime.now(UTC).timestamp())
    body = b'{"type":"video.succeeded","data":{"id":"vid_a"}}'

    def send(key: str, **changed: str) -> int | None:
        headers = {"webhook-id": "msg_a", "webhook-timestamp": str(now_s), **changed}
        headers["webhook-signature"] = sign([new_secret(), key], "msg_a", now_s, body)
        return exchange.post(f"http://127.0.0.1:{server.server_port}/hooks", headers, body).status_code

    try:
        assert [send(secret), send(secret), send(new_secret())] == [204, 204, 400]
    finally:
        exchange.close()
        server.shutdown()
        thread.join()
        server.server_close()
    assert capsys.readouterr().out.count("video.succeeded") == 1
