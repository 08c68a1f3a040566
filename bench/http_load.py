"""A load on one HTTP server, from a process of its own: so many keep-alive connections, each asking as soon as it has
its answer. Requests are written once and answers only measured, so that what is timed is the server.

    python -m bench.http_load <plan.json     {"port", "clients", "seconds", "expect", "requests": ["POST / HTTP/1.1…"]}

Prints one JSON object: `per_s`, `p50_ms`, `p99_ms`, `requests`.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
READ_BYTES = 65_536
# Not counted: connections are made, the server's pools fill, its code is compiled and warm.
WARM_UP_S = 0.5


@dataclass
class Asker:
    """One connection, and what has come of the answer it waits for."""

    connection: socket.socket
    asked_at: float = 0.0
    answer: bytearray = field(default_factory=bytearray)

    def ask(self, request: bytes) -> None:
        self.answer.clear()
        self.asked_at = time.perf_counter()
        self.connection.sendall(request)

    def is_answered(self, expect: bytes) -> bool:
        """Read what has come. SystemExit when the answer is not what was expected."""
        received = self.connection.recv(READ_BYTES)
        if not received:
            raise SystemExit("The server has closed a connection.")
        self.answer += received
        head, end, body = self.answer.partition(HEAD_END)
        if not end:
            return False
        if not head.startswith(expect):
            raise SystemExit(f"Not {expect.decode()!r} but {self.answer[:600].decode(errors='replace')!r}")
        lowered = head.lower()
        at = lowered.index(LENGTH) + len(LENGTH)
        return len(body) >= int(lowered[at:].split(b"\r\n", 1)[0])


def load(port: int, clients: int, seconds: float, expect: str, requests: list[str]) -> dict[str, float]:
    """What `clients` connections at once get answered in `seconds`; they ask `requests` in turn."""
    texts = [request.encode() for request in requests]
    wanted = f"HTTP/1.1 {expect}".encode()
    number, took_ms = 0, []
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asker = Asker(connection)
            selector.register(connection, selectors.EVENT_READ, asker)
            asker.ask(texts[number % len(texts)])
            number += 1
        begun = time.perf_counter() + WARM_UP_S
        while (now := time.perf_counter()) < begun + seconds:
            for key, _ in selector.select(timeout=1.0):
                asker = key.data
                if asker.is_answered(wanted):
                    answered_at = time.perf_counter()
                    if answered_at >= begun:
                        took_ms.append((answered_at - asker.asked_at) * 1000)
                    asker.ask(texts[number % len(texts)])
                    number += 1
        for key in list(selector.get_map().values()):
            key.data.connection.close()
    took_ms.sort()
    return {
        "per_s": len(took_ms) / (now - begun),
        "p50_ms": took_ms[len(took_ms) // 2],
        "p99_ms": took_ms[int(len(took_ms) * 0.99)],
        "requests": len(took_ms),
    }


if __name__ == "__main__":
    print(json.dumps(load(**json.load(sys.stdin))))
