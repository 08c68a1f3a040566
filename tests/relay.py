"""A TCP relay before a server: what goes through it can be cut off and healed, while all others reach the server."""

from __future__ import annotations

import contextlib
import socket
import threading

CHUNK_BYTES = 64 * 1024


class Relay:
    """Listens on `port` of the loopback and passes everything on to `to_port`, both ways, until the block ends.

    While it is cut, connections stay open and are accepted, and nothing comes through: as behind a cable pulled out.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._passes = threading.Event()
        self._passes.set()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Relay:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
        for opened in (self._listener, *self._sockets):
            # Shut down first: a thread that waits in the socket is not woken by a close.
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def cut(self) -> None:
        self._passes.clear()

    def heal(self) -> None:
        self._passes.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to_port))
                self._sockets += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._passes.wait()
                target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
