"""A vendor of scripts on loopback: it speaks OpenAI's chat completions, and misbehaves as it is told."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SCRIPT = {
    "title": "The tides",
    "scenes": [
        {"title": "The Moon pulls", "narration": "Twice a day the sea climbs the beach. The Moon lifts it."},
        {"title": "The Earth turns", "narration": "We turn beneath the bulge — and call it a **tide**."},
    ],
}
DRIP_EVERY_S = 0.02


@dataclass(frozen=True)
class Answer:
    """What one request gets. Nothing is sent before `after` is set; of the body only `share`, then the line is cut.

    An `endless` answer goes on a byte at a time until the caller has had enough.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: threading.Event | None = None
    share: float = 1.0
    endless: bool = False


def completion(content: str | None, *, refusal: str | None = None, finish_reason: str = "stop") -> Answer:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    return Answer(json.dumps({**about, "choices": [choice], "usage": usage}).encode())


def failure(status: int, code: str | None = None, **headers: str) -> Answer:
    error = {"message": "no", "type": "error", "param": None, "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"error": error}).encode(), status, named)


GOOD = completion(json.dumps(SCRIPT))
HTML = Answer(b"<html>proxy error</html>", headers={"content-type": "text/html"})


def _has_hung_up(caller: socket.socket) -> bool:
    """Whether the connection has been closed from the other side; a caller that waits sends nothing more."""
    readable, _, _ = select.select([caller], [], [], 0)
    return bool(readable)


@dataclass(frozen=True)
class Asked:
    """A request; `key` is its Idempotency-Key."""

    path: str
    body: Mapping[str, Any]
    key: str | None

    @property
    def subject(self) -> str:
        subject: str = json.loads(self.body["messages"][1]["content"])["subject"]
        return subject


class ChatVendor:
    """Answers with `first[subject]`, one after the other, and then with `answer`, for as long as the `with` block.

    A call is open until it is answered or its caller has closed the connection.
    """

    def __init__(self) -> None:
        self.answer = GOOD
        self.first: defaultdict[str, list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.open_calls = 0
        self.most_open_calls = 0
        self._closing = threading.Event()
        self._counting = threading.Lock()

    def times(self, subject: str) -> int:
        """How often it was asked about a subject."""
        return sum(asked.subject == subject for asked in self.asked)

    def __enter__(self) -> Self:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked = Asked(self.path, body, self.headers["idempotency-key"])
                first = vendor.first[asked.subject]
                answer = first.pop(0) if first else vendor.answer
                vendor.asked.append(asked)
                # A caller that has given up, or was killed, is not there to be answered.
                with vendor._open_call(), contextlib.suppress(OSError):
                    vendor._send(self, answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent: the tests say what went wrong."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextlib.contextmanager
    def _open_call(self) -> Iterator[None]:
        with self._counting:
            self.open_calls += 1
            self.most_open_calls = max(self.most_open_calls, self.open_calls)
        try:
            yield
        finally:
            with self._counting:
                self.open_calls -= 1

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        while answer.after is not None and not answer.after.wait(DRIP_EVERY_S):
            if self._closing.is_set() or _has_hung_up(handler.connection):
                return
        handler.send_response(answer.status)
        for name, value in {"content-type": "application/json", **answer.headers}.items():
            handler.send_header(name, value)
        if not answer.endless:
            handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body[: int(len(answer.body) * answer.share)])
        while answer.endless and not self._closing.wait(DRIP_EVERY_S):
            handler.wfile.write(b" ")
