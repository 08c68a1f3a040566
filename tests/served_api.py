"""The real API on a real port of this process, and a wire to it that can be cut."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Self

from werkzeug.serving import WSGIRequestHandler, make_server

from app.api import create_app
from app.api.streams import Streams
from app.models.database import Database
from app.models.migrate import migrate
from app.services.farm import Farm
from config.settings import load_settings
from tests.api_server import NO_RATES
from tests.farms import make_farm, work_off


class Http11(WSGIRequestHandler):
    """As gunicorn answers: connections that are kept, and streams in chunks."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class ServedApi:
    """A farm without workers: its steps run when the test says `work()`. May be stopped and started on its port."""

    def __init__(self, home: Path) -> None:
        self.settings = load_settings({"SCENEWORKS_HOME": str(home), **NO_RATES})
        home.mkdir(parents=True, exist_ok=True)
        migrate(self.settings.database_url)
        self.farm: Farm = make_farm(Database(self.settings.database_url), home)
        self._application = create_app(self.farm, self.settings)
        self._port = 0
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.farm.database.close()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        return self.settings.local_key_file.read_text().strip()

    @property
    def streams(self) -> Streams:
        streams: Streams = self._application.extensions["streams"]
        return streams

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self._application, threaded=True, request_handler=Http11)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def work(self, steps: int = 10_000) -> int:
        """Run up to so many steps here and now; how many there were."""
        return work_off(self.farm, steps=steps)


class Wire:
    """A way to a server, connection by connection. `cut` breaks all that are open; `is_down` lets none through.

    `cut_after_bytes` breaks the connection on which the server has then sent so many more.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[socket.socket] = []
        self.is_down = False
        self.connections = 0
        self.cut_after_bytes: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        while self._open:
            _close(self._open.pop())

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                near.close()
                continue
            self.connections += 1
            try:
                far = socket.create_connection(("127.0.0.1", self._port))
            except ConnectionRefusedError:
                _close(near)
                continue
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while chunk := source.recv(65536):
                if is_answer and self.cut_after_bytes is not None:
                    chunk = chunk[: self.cut_after_bytes]
                    self.cut_after_bytes -= len(chunk)
                target.sendall(chunk)
                if is_answer and self.cut_after_bytes == 0:
                    self.cut_after_bytes = None
                    break
        except OSError:
            pass
        _close(source)
        _close(target)


def _close(end: socket.socket) -> None:
    try:
        # Closing alone does not wake a thread that reads from it.
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
