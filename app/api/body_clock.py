"""How long a body may take to arrive: a client that stalls, or drips, must not hold a thread for ever.

Gunicorn's threads wait for a body without a limit. So its socket gets one for each read, and one clock for all bodies
of the process closes the way in for those that are over their time: to the view both is a body that was broken off.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from flask import Flask, g, request

log = structlog.get_logger()

# What a bad mobile connection still manages.
LEAST_BYTES_PER_S = 8 * 1024
LOOK_EVERY_S = 0.5


class BodyClock:
    """`stall_s`: so long a client may send nothing, and so much longer than at the least rate its body may take.

    `most_bytes` of a body that does not say how long it is.
    """

    def __init__(self, stall_s: float, most_bytes: int) -> None:
        self._stall_s = stall_s
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._deadlines: dict[socket.socket, float] = {}
        self._is_running = False

    def begin(self, connection: socket.socket, length: int | None) -> Callable[[], None]:
        """Hold a body of `length` bytes to its time; call what it gives when the request has been answered."""
        connection.settimeout(self._stall_s)
        size_bytes = self._most_bytes if length is None else min(length, self._most_bytes)
        with self._lock:
            self._deadlines[connection] = time.monotonic() + self._stall_s + size_bytes / LEAST_BYTES_PER_S
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="body-clock", daemon=True).start()

        def end() -> None:
            with self._lock:
                self._deadlines.pop(connection, None)
            # The answer may go to a slow reader. Of a connection that broke there is nothing left to set.
            with suppress(OSError):
                connection.settimeout(None)

        return end

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            with self._lock:
                now = time.monotonic()
                for connection in [late for late, deadline in self._deadlines.items() if deadline < now]:
                    del self._deadlines[connection]
                    log.warning("body_took_too_long")
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RD)
                if not self._deadlines:
                    self._is_running = False
                    return


def hold_bodies(api: Flask, clock: BodyClock) -> None:
    """Hold the bodies of all requests to their time. Only gunicorn shows its socket; others are for development."""

    def begin() -> None:
        connection = request.environ.get("gunicorn.socket")
        if connection is not None and (request.content_length or "Transfer-Encoding" in request.headers):
            g.end_of_body = clock.begin(connection, request.content_length)

    def end(error: BaseException | None) -> None:
        if (end_of_body := g.pop("end_of_body", None)) is not None:
            end_of_body()

    api.before_request(begin)
    api.teardown_request(end)
