"""What happens to the workers of a farm under test: found at their step, killed, frozen."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from app.domain.states import StepStatus
from app.models import Job as JobRow
from app.models import Step, StepAttempt, Worker
from app.services.sweep_work import work_folder
from tests.real_farm import ROOT, RealFarm
from tests.waiting import wait_for
from workers.procfile import read_procfile

UP_WITHIN_S = 40.0


def pid_at(farm: RealFarm, step: Step) -> int | None:
    """The process that has a file open in the step's work folder; None while there is none."""
    folder = f"{work_folder(farm.settings.work_dir, step.id, step.token)}/"
    for pid in farm.pids("celery"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            if any(str(opened.readlink()).startswith(folder) for opened in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return None


def kill_at_work(farm: RealFarm, step: Step) -> None:
    """kill -9 of the process that does the step, and of nothing else."""
    pid = wait_for(lambda: pid_at(farm, step), within_s=30, every_s=0.01, what=f"a process at work on {step.name}")
    os.kill(pid, signal.SIGKILL)


def running_again(farm: RealFarm, step: Step) -> Step:
    """The same step once it runs under a higher token."""

    def look() -> Step | None:
        with farm.database.read() as session:
            return session.scalars(
                select(Step).where(Step.id == step.id, Step.token > step.token, Step.status == StepStatus.RUNNING)
            ).first()

    return wait_for(look, within_s=30, every_s=0.02, what=f"{step.name} to run again")


def attempts_of(farm: RealFarm, step: Step) -> list[StepAttempt]:
    """The step's whole history, the oldest first."""
    with farm.database.read() as session:
        query = select(StepAttempt).where(StepAttempt.step_id == step.id).order_by(StepAttempt.token)
        return list(session.scalars(query))


def attempts_by_step(farm: RealFarm, job_id: str) -> dict[str, list[str | None]]:
    """How each attempt of the job ended, by the step's name and in order."""
    query = (
        select(Step.name, StepAttempt.outcome)
        .join(StepAttempt, StepAttempt.step_id == Step.id)
        .join(JobRow, JobRow.id == Step.job_id)
        .where(JobRow.public_id == job_id)
        .order_by(Step.id, StepAttempt.token)
    )
    found: dict[str, list[str | None]] = {}
    with farm.database.read() as session:
        for name, outcome in session.execute(query):
            found.setdefault(name, []).append(outcome)
    return found


@contextlib.contextmanager
def another_worker(farm: RealFarm, pool: str, slots: int = 2, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker for the pool, as another host would run it, with settings of its own; there when the block is."""
    line = next(program.command for program in read_procfile(ROOT / "Procfile") if program.name == pool)
    words = [str(slots) if word.startswith("$") else word for word in shlex.split(line)]
    words = [f"another-{pool}@%h" if word == f"{pool}@%h" else word for word in words]
    with farm.another([sys.executable, *words[1:]], **environment) as process:

        def is_there() -> bool:
            assert process.poll() is None, farm.log()
            with farm.database.read() as session:
                return process.pid in session.scalars(select(Worker.pid))

        wait_for(is_there, within_s=UP_WITHIN_S, what=f"another {pool} worker")
        yield process


@contextlib.contextmanager
def frozen_worker(farm: RealFarm, pool: str) -> Iterator[None]:
    """The farm's own worker of the pool, stopped in its tracks with all its children for as long as the block."""
    group = os.getpgid(min(farm.pids(f"--queues {pool}")))
    wait_for(lambda: _freeze_between_writes(farm, group), what="a moment between two writes")
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def _freeze_between_writes(farm: RealFarm, group: int) -> bool:
    """SQLite has one writer: frozen in the middle of a write, the worker would hold up the whole farm."""
    os.killpg(group, signal.SIGSTOP)
    if not farm.settings.database_url.startswith("sqlite"):
        return True
    path = farm.settings.database_url.removeprefix("sqlite:///")
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        os.killpg(group, signal.SIGCONT)
        return False
    return True
