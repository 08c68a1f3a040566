"""The line to a vendor while it is being asked: whoever waits for the answer can hang up, and the vendor sees it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any


class Line:
    """One call's connections. Nothing that was open is left open by `hang_up`, and nothing opens after it."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_down = False

    def carry(self, request: Any) -> None:
        """A hook of the client (httpx's `request`) that the call is made with; of one that keeps no connections."""
        request.extensions["trace"] = self._note

    def hang_up(self) -> None:
        """End the call: whoever reads its answer finds the end of it at once. From any thread, and any number of times.

        A call whose connection is still being made ends as soon as it has one, without having asked anything.
        """
        with self._changing:
            self._is_down = True
            for connected in self._sockets:
                _shut(connected)

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore tells of its work (https://www.encode.io/httpcore/extensions/#trace)."""
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        with self._changing:
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self._is_down:
                _shut(self._sockets[-1])


def _shut(connected: socket.socket) -> None:
    # It may be closed already, or have been handed on to TLS.
    with contextlib.suppress(OSError):
        # The socket's own: that of TLS would take the encryption away from under whoever is reading.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
