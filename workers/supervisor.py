"""Keeps the farm's programs running, and ends them without leaving one behind.

Each program leads a session of its own and is reported to the guardian before its first
instruction. One that ends is started again, later and later while it keeps failing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.guarded import Guardian
from workers.output import Output
from workers.process_tree import kill_all, members, running_processes, send
from workers.procfile import Program

FIRST_DELAY_S = 0.1
# Work goes on within 15 s of a death, however many came before it, and most of that is for the program to come up.
LONGEST_DELAY_S = 2.0
HEALTHY_AFTER_S = 30.0
# The stage of whoever may have a step.
WORK = 0
# By stage. Flower keeps nothing, the broker writes its file; whoever works has a grace time of its own.
GRACE_S = {1: 1.0, 2: 10.0}
# After its grace time a worker hands its steps back, and its processes end when their leases tell them.
HAND_BACK_S = 5.0


def failures_in_a_row(before: int, uptime_s: float) -> int:
    """How often a program has now failed without a healthy stretch in between."""
    return 1 if uptime_s >= HEALTHY_AFTER_S else before + 1


def delay_before_restart_s(failures: int) -> float:
    """0.1 s after the first failure, twice as long after each further one, at most 2 s."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))


def how_it_ended(exit_code: int) -> str:
    """`exit_code` as subprocess gives it: negative for a signal."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"


@dataclass
class Running:
    """A program under care. `process` is None between an end and the next start."""

    program: Program
    process: Process | None = None
    failures: int = 0


class Supervisor:
    """Starts, restarts and stops programs. Lives in one event loop."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        output: Output,
        guardian: Guardian,
        drain_grace_s: float,
        after_cut: Callable[[Collection[int]], None],
    ) -> None:
        """`after_cut` is told, in a thread, the pids of working programs that did not come to their own end."""
        self._folder = folder
        self._environment = environment
        self._output = output
        self._guardian = guardian
        self._after_cut = after_cut
        self._grace_s = {WORK: drain_grace_s + HAND_BACK_S, **GRACE_S}
        self._running: dict[str, Running] = {}
        self._keepers: list[asyncio.Task[None]] = []

    def start(self, program: Program, before_restart: Callable[[int, int], None] | None = None) -> None:
        """Keep a program running from now on. `before_restart` is told the exit code and the failures in a row."""
        run = self._running[program.name] = Running(program)
        self._keepers.append(asyncio.create_task(self._keep(run, before_restart), name=program.name))

    async def run_once(self, program: Program) -> int:
        """Run a program to its end; returns its exit code."""
        run = self._running[program.name] = Running(program)
        process = await self._spawn(run)
        exit_code = await process.wait()
        self._guardian.forget(process.pid)
        del self._running[program.name]
        return exit_code

    def failures(self, name: str) -> int:
        """How often in a row the program has failed so far."""
        return self._running[name].failures

    async def stop(self, hurry: asyncio.Event) -> None:
        """End every program, stage by stage; `hurry` cuts the grace short."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for stage in sorted({run.program.stage for run in self._running.values()}):
            runs = [run for run in self._running.values() if run.program.stage == stage]
            cut = await self._stop_stage([run.process for run in runs if run.process], self._grace_s[stage], hurry)
            if cut and stage == WORK:
                await asyncio.to_thread(self._after_cut, cut)

    async def _stop_stage(self, processes: list[Process], grace_s: float, hurry: asyncio.Event) -> set[int]:
        """The pids of those that had to be killed."""
        leaders = {process.pid for process in processes}
        # Once a parent has gone, a child in a session of its own cannot be told from a stranger: remember it.
        family = members(leaders, running_processes())
        for pid in leaders & family:
            send(pid, signal.SIGTERM)
        ends = asyncio.gather(*(process.wait() for process in processes))
        hurried = asyncio.ensure_future(hurry.wait())
        either: set[asyncio.Future[Any]] = {ends, hurried}
        await asyncio.wait(either, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        cut = {process.pid for process in processes if process.returncode is None}
        await asyncio.to_thread(kill_all, leaders | family)
        await ends
        for pid in leaders:
            self._guardian.forget(pid)
        return cut

    async def _keep(self, run: Running, before_restart: Callable[[int, int], None] | None) -> None:
        while True:
            begun = time.monotonic()
            try:
                process = await self._spawn(run)
            except OSError as error:
                exit_code, end = 1, f"could not be started ({error.strerror})"
            else:
                exit_code = await process.wait()
                end = how_it_ended(exit_code)
                # What it leaves behind would hold its port, or work on a step that is no longer its own.
                await asyncio.to_thread(kill_all, [process.pid])
                self._guardian.forget(process.pid)
                run.process = None
            uptime_s = time.monotonic() - begun
            run.failures = failures_in_a_row(run.failures, uptime_s)
            delay_s = delay_before_restart_s(run.failures)
            self._output.say(f"{run.program.name} {end} after {uptime_s:.1f} s; starting it again in {delay_s:.1f} s")
            if before_restart is not None:
                before_restart(exit_code, run.failures)
            await asyncio.sleep(delay_s)

    async def _spawn(self, run: Running) -> Process:
        output = self._output.open(run.program.name)
        try:
            run.process = await asyncio.create_subprocess_exec(
                "/bin/sh",
                *("-c", f"exec {run.program.command}"),
                cwd=run.program.folder or self._folder,
                env=dict(self._environment),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Runs in the child, between fork and exec: however suddenly the farm dies, the guardian knows.
                preexec_fn=self._guardian.reporter(run.program.stage),
            )
        finally:
            os.close(output)
        self._guardian.remember(run.process.pid, run.program.stage)
        return run.process
