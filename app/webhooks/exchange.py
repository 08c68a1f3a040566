"""One webhook and its answer, over a connection of their own, within one deadline.

No redirect is followed and no proxy asked: what was checked is what is connected to. Of the answer the first 20 kB are
read, as they come over the wire.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import app as product
from app.domain.webhook_states import AttemptError
from app.webhooks.deadlines import Deadlines
from app.webhooks.target import Guard, Target, TargetRefused, parse_target

DEADLINE_S = 15.0
MOST_RESPONSE_BYTES = 20_000
USER_AGENT = f"Sceneworks/{product.__version__} (webhooks)"
# What no column and no terminal takes; line ends and tabs stay.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt. `error` is None for a 2xx alone; `response` is text, at most 20 kB as UTF-8."""

    status_code: int | None
    error: AttemptError | None
    response: str
    duration_ms: int
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        return self.error is None


class Exchange:
    """Posts webhooks; any number of threads may use one at once."""

    def __init__(self, guard: Guard, deadline_s: float = DEADLINE_S, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._deadline_s = deadline_s
        self._tls = tls or ssl.create_default_context()
        self._deadlines = Deadlines()

    def close(self) -> None:
        self._deadlines.close()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What the receiver answers. Nothing that it can do raises."""
        began_at = time.monotonic()
        ends_at = began_at + self._deadline_s
        status_code, retry_after_s, response = None, None, b""
        error: AttemptError | None
        try:
            target = parse_target(url)
            addresses = self._guard.addresses(target, self._deadline_s)
            with ExitStack() as stack:
                connection = stack.enter_context(_connected([str(address) for address in addresses], target, ends_at))
                stack.enter_context(self._deadlines.over(connection, ends_at))
                if target.is_secure:
                    secured = self._tls.wrap_socket(connection, server_hostname=target.host)
                    connection = stack.enter_context(secured)
                connection.sendall(_request(target, headers, body))
                answer = http.client.HTTPResponse(connection, method="POST")
                stack.callback(answer.close)
                answer.begin()
                status_code = answer.status
                retry_after_s = _seconds_of(answer.getheader("Retry-After"))
                response = answer.read(MOST_RESPONSE_BYTES)
            error = _error_of(status_code)
        except TargetRefused as refused:
            error = refused.error
        except TimeoutError:
            error = AttemptError.TIMEOUT
        except ssl.SSLError:
            error = AttemptError.TLS
        except OSError:
            error = AttemptError.CONNECTION
        except (http.client.HTTPException, ValueError):
            error = AttemptError.PROTOCOL
        took_s = time.monotonic() - began_at
        if took_s >= self._deadline_s and error is not AttemptError.NAME:
            # However a connection that was shut down under its reader has put it.
            error = AttemptError.TIMEOUT
        return Outcome(status_code, error, _text_of(response), round(took_s * 1000), retry_after_s)


def _connected(addresses: list[str], target: Target, ends_at: float) -> socket.socket:
    """A connection to the first address that takes one; each has its share of the time. OSError when none does."""
    for tried, address in enumerate(addresses, start=1):
        left_s = max(0.001, ends_at - time.monotonic())
        try:
            connection = socket.create_connection((address, target.port), left_s / (len(addresses) - tried + 1))
        except OSError:
            if tried == len(addresses):
                raise
            continue
        connection.settimeout(max(0.001, ends_at - time.monotonic()))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    raise OSError("no address")


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """The request as it goes over the wire, in one piece."""
    fields: dict[str, Any] = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
        "Content-Length": len(body),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {target.path_and_query} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header cannot have more than one line")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _error_of(status_code: int) -> AttemptError | None:
    if 200 <= status_code < 300:
        return None
    return AttemptError.REDIRECT if 300 <= status_code < 400 else AttemptError.STATUS


def _seconds_of(retry_after: str | None) -> float | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3); None for what is neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        # The last for a year, or any other part, that has more digits than a machine's number.
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _text_of(response: bytes) -> str:
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", response.decode("utf-8", errors="replace"))
    # What stands for a byte that is no text has three bytes itself.
    return text.encode()[:MOST_RESPONSE_BYTES].decode(errors="ignore")
