"""A receiver of webhooks on this host: it verifies what comes, keeps the last of it, and misbehaves where asked to.

    with Receiver(secret="whsec_…") as receiver:
        …  # send something to receiver.url
        receiver.received[-1].verdict

`scripts/webhook-listen` is this with a terminal. It is made to try out senders, not to be put on the internet.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from app.domain.webhook_signature import verify

MOST_BODY_BYTES = 1_000_000
KEPT_MESSAGES, KEPT_IDS = 10_000, 100_000
DRIP_EVERY_S = 0.5
UNVERIFIED = "not verified: no secret was given"
VERIFIED = "verified"


@dataclass(frozen=True)
class Behaviour:
    """How it answers: `answer` is the status, but for the first `fail_first` requests, which get a 500.

    `slow_s` passes before it answers; one that drips sends its answer byte by byte and never comes to the end;
    `redirect` is where it sends its callers on to, `retry_after` what that header says.
    """

    answer: int = 200
    fail_first: int = 0
    slow_s: float = 0.0
    drips: bool = False
    redirect: str | None = None
    retry_after: str | None = None
    text: str = "thank you\n"


@dataclass(frozen=True)
class Received:
    """A request. `again`: one with this id has been answered 2xx before. `verdict` is `verified`, or why not."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    verdict: str
    again: bool
    status: int

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


class Receiver:
    """Listens from `__enter__` to `__exit__`. `secret` None: nothing is verified."""

    def __init__(
        self,
        secret: str | None = None,
        behaviour: Behaviour = Behaviour(),
        host: str = "127.0.0.1",
        port: int = 0,
        on_received: Callable[[Received], None] = lambda received: None,
    ) -> None:
        self.secret = secret
        self.behaviour = behaviour
        self.received: deque[Received] = deque(maxlen=KEPT_MESSAGES)
        self.requests = 0
        self._on_received = on_received
        self._done: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.is_closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def note(self, path: str, headers: Mapping[str, str], body: bytes) -> Received:
        """Look at a request, and decide what it is answered."""
        verdict = self._verdict(headers, body)
        with self._lock:
            self.requests += 1
            behaviour = self.behaviour
            status = 500 if self.requests <= behaviour.fail_first else behaviour.answer
            status = 302 if behaviour.redirect is not None else status
            # What is not ours is refused, as a receiver should.
            status = status if verdict in (VERIFIED, UNVERIFIED) else 400
            message_id = headers.get("webhook-id", "")
            again = message_id in self._done
            if 200 <= status < 300:
                self._done[message_id] = None
                while len(self._done) > KEPT_IDS:
                    self._done.popitem(last=False)
            received = Received(time.time(), path, headers, body, verdict, again, status)
            self.received.append(received)
        self._on_received(received)
        return received

    def _verdict(self, headers: Mapping[str, str], body: bytes) -> str:
        if self.secret is None:
            return UNVERIFIED
        try:
            verify(self.secret, headers, body, time.time())
        except ValueError as error:
            return f"refused: {error}"
        return VERIFIED


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        super().__init__(address, _Handler)
        self.receiver = receiver
        self.is_closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is none of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > MOST_BODY_BYTES:
            self.close_connection = True
            self.send_error(413 if size.isdigit() else 411)
            return
        body = self.rfile.read(int(size))
        receiver, closing = self.server.receiver, self.server.is_closing
        behaviour = receiver.behaviour
        received = receiver.note(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if behaviour.slow_s and closing.wait(behaviour.slow_s):
            return
        text = behaviour.text.encode()
        self.send_response(received.status)
        if behaviour.redirect is not None:
            self.send_header("Location", behaviour.redirect)
        if behaviour.retry_after is not None:
            self.send_header("Retry-After", behaviour.retry_after)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(1_000_000 if behaviour.drips else len(text)))
        self.end_headers()
        if behaviour.drips:
            while not closing.wait(DRIP_EVERY_S):
                self.wfile.write(b".")
                self.wfile.flush()
        else:
            self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Whoever wants lines has `on_received`."""
