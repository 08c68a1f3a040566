"""The whole product as processes: `python -m workers.farm` with the real Procfile, on a folder of the test's own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from app.client import Client, Job, VideoRequest
from app.models import Job as JobRow
from app.models import Step
from app.models.database import Database
from app.models.worker import Worker
from app.services.audit import audit
from app.storage.local import LocalStorage
from config.settings import load_settings
from tests.farm_process import command_of, processes_of
from tests.waiting import wait_for
from workers.home import read_farm_record
from workers.process_tree import end_all

ROOT = Path(__file__).resolve().parents[1]
UP_WITHIN_S = 40.0
BOOKS_RIGHT_WITHIN_S = 20.0


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class RealFarm:
    """A running farm. `close` ends it and insists that no process of it is left."""

    def __init__(self, home: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> None:
        self.home = home
        self._options = options
        self._environment = {
            **os.environ,
            "SCENEWORKS_HOME": str(home),
            "SCENEWORKS_CPU_SLOTS": "2",
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "LEASE_TTL_S": "3",
            # Some ask for hundreds of videos in a minute.
            "RATE_LIMIT_USER": "off",
            "RATE_LIMIT_ORG": "off",
            **environment,
        }
        self.accepted: list[str] = []
        # Any that is free at first, and then the same: who follows a job comes back to where it was.
        self._port = "0"
        self._log = (home.parent / f"{home.name}.log").open("ab")
        self.settings = load_settings(self._environment)
        try:
            self.start()
        except BaseException:
            # Nobody has it yet who could close it.
            end_all([self.process.pid], grace_s=30.0)
            raise
        self.database = Database(self.settings.database_url)
        self.storage = LocalStorage(self.settings.storage_dir)

    def start(self) -> None:
        """Start, or start again after a kill; returns when it answers and its workers are there."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.farm", "--port", self._port, "--no-flower", *self._options],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.url = wait_for(self._answering_url, within_s=UP_WITHIN_S, what="a farm that answers")
        self._port = str(urlsplit(self.url).port)

    def _answering_url(self) -> str | None:
        assert self.process.poll() is None, self.log()
        record = read_farm_record(self.home / "farm.json")
        return record.url if record is not None and record.pid == self.process.pid else None

    def client(self) -> Client:
        return Client(self.url, self.settings.local_key_file.read_text().strip())

    def submit(self, request: VideoRequest) -> Job:
        with self.client() as client:
            job = client.submit_video(request, idempotency_key=uuid.uuid4().hex)
        self.accepted.append(job.id)
        return job

    def job(self, job_id: str) -> Job:
        with self.client() as client:
            return client.get_job(job_id)

    def finished(self, job: Job, within_s: float = 120.0) -> Job:
        """The job once it is terminal; asked for anew each time, so that the farm may be restarted meanwhile."""

        def terminal() -> Job | None:
            with contextlib.suppress(OSError), self.client() as client:
                found = client.get_job(job.id)
                return found if found.is_terminal else None
            return None

        return wait_for(terminal, within_s=within_s, every_s=0.2, what=f"{job.id} to end")

    def running_step(self, job: Job, kind: str) -> Step:
        """A step of the job and kind that runs right now."""
        return wait_for(lambda: self.step_at_work(job, kind), within_s=60, every_s=0.02, what=f"a running {kind}")

    def step_at_work(self, job: Job, kind: str) -> Step | None:
        with self.database.read() as session:
            return session.scalars(
                select(Step)
                .join(JobRow, JobRow.id == Step.job_id)
                .where(JobRow.public_id == job.id, Step.kind == kind, Step.status == "running")
            ).first()

    def wait_for_workers(self) -> None:
        def all_there() -> bool:
            with self.database.read() as session:
                return set(session.scalars(select(Worker.pool))) >= {"cpu", "io", "hooks"}

        wait_for(all_there, within_s=UP_WITHIN_S, what="workers on all pools")

    @contextlib.contextmanager
    def another_dispatcher(self) -> Iterator[None]:
        """A second one for as long as the block, as another host would run it."""
        with self.another([sys.executable, "-m", "workers.dispatcher"]):
            yield

    @contextlib.contextmanager
    def another(self, command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """One more process on this farm for as long as the block, with settings of its own."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)

    def pids(self, command: str) -> list[int]:
        """The farm's processes whose command line holds `command`."""
        return [pid for pid in processes_of(self.home) if command in command_of(pid)]

    def check_books(self) -> None:
        """Nothing accepted is lost, and all that must hold after every fault does, once the sweeps are through."""
        findings: list[str] = []

        def are_right() -> bool:
            findings[:] = audit(self.database, self.storage, self.accepted)
            return not findings

        try:
            wait_for(are_right, within_s=BOOKS_RIGHT_WITHIN_S, every_s=0.5)
        except AssertionError:
            raise AssertionError("\n".join(findings)) from None
        wrong = [path for path in self.storage.root.glob("??/??/*") if sha256_of(path) != path.name]
        assert not wrong, f"not whole: {wrong}"

    def says(self, words: str) -> int:
        """How often its processes have said these words so far."""
        return Path(self._log.name).read_text(errors="replace").count(words)

    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")[-8000:]

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.database.close()
        self._log.close()
        wait_for(lambda: not processes_of(self.home), within_s=30, what="every process to be gone")


@contextlib.contextmanager
def real_farm(home: Path, **environment: str) -> Iterator[RealFarm]:
    farm = RealFarm(home, environment)
    try:
        farm.wait_for_workers()
        yield farm
        farm.check_books()
    finally:
        farm.close()
