"""Asking a farm whether it answers."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def answers(url: str, path: str = "/health/healthz", timeout_s: float = 5.0) -> bool:
    """Whether GET `path` on a local farm gives a 200. A refused connection is answered at once.

    `http.client` rather than `urllib.request`, because that one would ask a configured proxy.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
