"""A real hooks worker, as the Procfile has it, and a receiver that a test makes misbehave."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import standardwebhooks
import svix
from sqlalchemy import select

from app.models import Worker
from app.models.database import Database
from tests.made_webhooks import FARM_SECRET, SECRET
from tests.waiting import wait_for
from workers.procfile import read_procfile
from workers.webhook_receiver import VERIFIED, Received, Receiver

ROOT = Path(__file__).resolve().parents[1]
UP_WITHIN_S = 40.0
STOPS_WITHIN_S = 30.0


class HeldReceiver(Receiver):
    """A receiver for which every message is verified by the public libraries as well; `ids` are those that came.

    `before_answer` is done before it answers. What comes to /hang it answers when `let_go` is set.
    """

    def __init__(self) -> None:
        super().__init__(SECRET, on_received=self._hold)
        self.ids: list[str] = []
        self.before_answer: Callable[[], object] = lambda: None
        self.let_go = threading.Event()

    def __exit__(self, *error: Any) -> None:
        self.let_go.set()
        super().__exit__(*error)

    def _hold(self, received: Received) -> None:
        assert received.verdict == VERIFIED
        for library in (standardwebhooks.Webhook, svix.Webhook):
            library(SECRET).verify(received.body, dict(received.headers))
        self.ids.append(received.id)
        self.before_answer()
        if received.path == "/hang":
            self.let_go.wait(30)


class HooksWorker:
    """One process; killed at the end of the block if it still runs then."""

    def __init__(self, home: Path, environment: Mapping[str, str], slots: int = 16) -> None:
        line = next(program.command for program in read_procfile(ROOT / "Procfile") if program.name == "hooks")
        words = [str(slots) if word.startswith("$") else word for word in shlex.split(line)]
        home.mkdir(parents=True, exist_ok=True)
        self._log = home / "hooks.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words[1:]],
                cwd=ROOT,
                env={
                    **os.environ,
                    "SCENEWORKS_HOME": str(home),
                    "SCENEWORKS_SECRET": FARM_SECRET,
                    "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def says(self, words: str) -> bool:
        return words in self.log()

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-8000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As a service manager stops it; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOPS_WITHIN_S)


@contextlib.contextmanager
def hooks_worker(
    database: Database, home: Path, redis_url: str, slots: int = 16, **environment: str
) -> Iterator[HooksWorker]:
    worker = HooksWorker(home, {"DATABASE_URL": database.url, "REDIS_URL": redis_url, **environment}, slots)

    def is_there() -> bool:
        assert worker.process.poll() is None, worker.log()
        with database.read() as session:
            return worker.process.pid in session.scalars(select(Worker.pid))

    try:
        wait_for(is_there, within_s=UP_WITHIN_S, what="the hooks worker")
        yield worker
    finally:
        worker.kill()
