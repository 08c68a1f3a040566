"""The database goes away and comes back: what runs goes on, what is asked is refused for now, nothing is made up."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.client import VideoRequest
from app.domain.states import JobStatus
from app.models import Job as JobRow
from app.models import StepAttempt, Worker
from tests.faults.callers import ask_for_video, check_all_done_at_once, check_refusal, job_id_of
from tests.faults.conftest import Servers
from tests.faults.sizes import RecordProperty, Sizes
from tests.real_farm import RealFarm
from tests.servers import PostgresServer
from tests.waiting import wait_for

# Several scenes of a large frame: a clip takes seconds.
LONG = VideoRequest(text="The rain falls on the hills and runs down to the sea. " * 4, size="1080x1920")
SHORT_LEASE_S = 3.0
# Longer than the database is ever away.
LONG_LEASE_S = 120.0
REQUESTS = 20

on_postgresql = pytest.mark.parametrize("servers", ["servers"], indirect=True)


def lease(seconds: float) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("environment", [{"LEASE_TTL_S": str(seconds)}], ids=[f"lease={seconds:g}s"])


def away(farm: RealFarm, servers: Servers | None) -> contextlib.AbstractContextManager[None]:
    """No database for as long as the block: PostgreSQL has crashed, or someone holds SQLite's one lock."""
    return locked(farm) if servers is None else servers.postgres.away()


@contextlib.contextmanager
def locked(farm: RealFarm) -> Iterator[None]:
    path = farm.settings.database_url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@lease(LONG_LEASE_S)
@pytest.mark.row(7)
def test_a_render_goes_on_without_the_database_and_commits_when_it_is_back(
    farm: RealFarm, servers: Servers | None, sizes: Sizes, record_property: RecordProperty
) -> None:
    job = farm.submit(LONG)
    farm.running_step(job, "video.clip")
    back_at = time.monotonic() + sizes.database_away_s

    def is_over() -> bool:
        asked_at = time.monotonic()
        if asked_at >= back_at:
            return True
        check_refusal(ask_for_video(farm, key="asked-while-it-was-away"))
        record_property("refused_s", time.monotonic() - asked_at)
        return False

    with away(farm, servers), ThreadPoolExecutor() as threads:
        refused = threads.submit(ask_for_video, farm, key="asked-while-it-was-away")
        wait_for(lambda: farm.says("database_awaited"), within_s=60, what="a finished clip that cannot be committed")
        check_refusal(refused.result())
        wait_for(is_over, within_s=60 + sizes.database_away_s, every_s=1.0, what="the time to be over")
    accepted = wait_for(lambda: accepted_now(farm, "asked-while-it-was-away"), within_s=30, what="an accepted request")
    check_all_done_at_once(farm, [job, farm.job(accepted)])


@lease(SHORT_LEASE_S)
@pytest.mark.row(7)
def test_what_outlives_its_lease_without_the_database_is_done_once_all_the_same(
    farm: RealFarm, servers: Servers | None, sizes: Sizes
) -> None:
    job = farm.submit(LONG)
    farm.running_step(job, "video.clip")
    back_at = time.monotonic() + max(2 * SHORT_LEASE_S, sizes.database_away_s)
    with away(farm, servers):
        wait_for(
            lambda: farm.says("database_awaited") and time.monotonic() > back_at,
            within_s=60 + sizes.database_away_s,
            what="an overdue lease and a clip that cannot be committed",
        )
    assert farm.finished(job).status == JobStatus.SUCCEEDED, farm.log()
    # Whoever is first when it is back, the worker's beat or the sweep: a step is lost with its lease, or not at all.
    assert lost_attempts(farm) <= {"WORKER_LOST"}


@on_postgresql
@pytest.mark.row(7)
def test_answers_stay_true_while_every_connection_is_cut_again_and_again(farm: RealFarm, servers: Servers) -> None:
    rendered = farm.submit(LONG)
    farm.running_step(rendered, "video.clip")
    keys = [f"request-{number}" for number in range(REQUESTS)]
    with cutting_connections(servers.postgres):
        answers = {key: ask_for_video(farm, text=f"This is {key}.", key=key) for key in keys}
    for answer in answers.values():
        if answer.status != 202:
            check_refusal(answer)
    jobs = {}
    for key in keys:
        jobs[key] = wait_for(lambda key=key: accepted_now(farm, key, text=f"This is {key}."), within_s=30)
    assert all(jobs[key] == job_id_of(answer) for key, answer in answers.items() if answer.status == 202)
    ended = [farm.finished(job) for job in (rendered, *map(farm.job, jobs.values()))]
    assert {job.status for job in ended} == {JobStatus.SUCCEEDED}, farm.log()
    assert lost_attempts(farm) <= {"WORKER_LOST"}
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(JobRow)) == 1 + REQUESTS


@on_postgresql
def test_processes_that_start_without_the_database_come_to_work_when_it_is_there(
    farm: RealFarm, servers: Servers
) -> None:
    programs = ("gunicorn", "workers.dispatcher", "--queues cpu", "--queues io")
    job = farm.submit(LONG)
    farm.running_step(job, "video.clip")
    with servers.postgres.away():
        for program in programs:
            os.kill(min(farm.pids(program)), signal.SIGKILL)
        wait_for(lambda: farm.says("worker_beat_missed") >= 2, within_s=60, what="workers that look for the database")
        workers = {min(farm.pids("--queues cpu")), min(farm.pids("--queues io"))}
    assert farm.finished(job).status == JobStatus.SUCCEEDED, farm.log()
    # They have also learnt how to go: whoever is told to stop takes its row away.
    wait_for(lambda: workers <= known_workers(farm), within_s=30, what="the workers' rows")
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not workers & known_workers(farm), within_s=30, what="the workers' rows to go")


def lost_attempts(farm: RealFarm) -> set[str | None]:
    """Why attempts have failed."""
    with farm.database.read() as session:
        return set(session.scalars(select(StepAttempt.error_code).where(StepAttempt.outcome == "failed")))


def accepted_now(farm: RealFarm, key: str, text: str = "Hello.") -> str | None:
    """The job for this key, if it is given one now."""
    answer = ask_for_video(farm, text, key)
    return job_id_of(answer) if answer.status == 202 else None


@contextlib.contextmanager
def cutting_connections(postgres: PostgresServer) -> Iterator[None]:
    """Every connection to it is cut every few milliseconds for as long as the block."""
    enough = threading.Event()

    def cut() -> None:
        while not enough.wait(0.02):
            postgres.cut_connections()

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def known_workers(farm: RealFarm) -> set[int]:
    with farm.database.read() as session:
        return set(session.scalars(select(Worker.pid)))
