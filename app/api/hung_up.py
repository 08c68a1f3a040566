"""Whether the client of an answer that is still being told has closed its connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any


def hung_up(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """What says so of this request's client.

    Only gunicorn shows its socket; with another server, or over TLS, nobody is ever seen to go, and writing to a client
    that has gone is what fails.
    """
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return lambda: False
    return lambda: is_closed(connection)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end has closed it. Nothing is taken from it: a next request may wait there.

    A client that has only closed its own way out counts as gone too, as proxies see it.
    """
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
