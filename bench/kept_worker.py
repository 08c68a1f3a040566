"""A worker that is kept running as any supervisor would: killed, it is there again at once."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.process_tree import kill_all

ROOT = Path(__file__).resolve().parents[1]


class KeptWorker:
    """A worker's whole family of processes, in a session of its own; a block ends with none of them left."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log

    def __enter__(self) -> KeptWorker:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def kill_and_replace(self) -> None:
        """kill -9 of every process of the worker; the next one is started without a pause."""
        self._end()
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _end(self) -> None:
        # The session, not the process group: rq gives the process that works a group of its own.
        kill_all([self._process.pid])
        self._process.wait()
