"""The farm's side of its guardian: starts it, tells it every program, replaces it when it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Guardian:
    """A handle on the guardian process, which shares `lock_fd` and removes `farm_file` at the end."""

    def __init__(self, lock_fd: int, farm_file: Path) -> None:
        self._lock_fd = lock_fd
        self._farm_file = farm_file
        self._pipe = -1
        self._stages: dict[int, int] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(process), name="guardian")

    async def close(self) -> None:
        """Let the guardian end whatever it still knows of, and wait until it has gone."""
        self._closing = True
        os.close(self._pipe)
        if self._keeper is not None:
            await self._keeper

    def reporter(self, stage: int) -> Callable[[], None]:
        """A function for the new child to run before it becomes a program: it reports itself."""
        return lambda: self._tell(f"+{os.getpid()} {stage}")

    def remember(self, pid: int, stage: int) -> None:
        """Keep a program in mind for a guardian that replaces this one, and report it in case that just happened."""
        self._stages[pid] = stage
        self._tell(f"+{pid} {stage}")

    def forget(self, pid: int) -> None:
        self._stages.pop(pid, None)
        self._tell(f"-{pid}")

    def _tell(self, report: str) -> None:
        # One write, shorter than PIPE_BUF, so that the reports of several processes never mix.
        try:
            os.write(self._pipe, f"{report}\n".encode())
        except OSError:
            pass  # The guardian has died; the one that replaces it is told everything.

    async def _spawn(self) -> Process:
        reader, self._pipe = os.pipe()
        # Told before it starts: should the farm die meanwhile, the reports already wait in the pipe.
        for pid, stage in self._stages.items():
            self._tell(f"+{pid} {stage}")
        try:
            # Without site-packages, because it must start in no time and needs nothing of them.
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-S", "-E", "-m", "workers.guardian", str(self._farm_file)),
                cwd=ROOT,
                stdin=reader,
                pass_fds=(self._lock_fd,),
                start_new_session=True,
            )
        finally:
            os.close(reader)

    async def _keep(self, process: Process) -> None:
        while True:
            await process.wait()
            if self._closing:
                return
            os.close(self._pipe)
            self._pipe = -1
            process = await self._spawn()
