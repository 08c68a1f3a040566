"""Deaths that someone sees: what the dead held is ready again at once, long before its lease would have ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import select

from app.domain.errors import LeaseLost
from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.models import Step, StepAttempt, Worker
from app.models.database import Database, database_now_s
from app.services.claim_step import Claim
from app.services.lost_workers import take_back_from_child, take_back_from_dead
from tests.farms import claim, make_job, make_org
from workers.pid_space import is_alive, pid_space

HERE, ELSEWHERE = "this boot", "another boot"


@pytest.fixture
def claimed(database: Database) -> Claim:
    """A step that the worker `cpu@here:7` is at."""
    job_id = make_job(database, make_org(database), [StepPlan("clip", "video.clip", Pool.CPU)])
    with database.begin() as session:
        now = database_now_s(session)
        seen = {"host": "here", "slots": 2, "version": "1", "started_at": now, "beat_at": now}
        session.add(Worker(name="cpu@here:7", pool="cpu", pid=7, pid_space=HERE, **seen))
        step_id = session.scalars(select(Step.id).where(Step.job_id == job_id)).one()
    return claim(database, step_id, worker="cpu@here:7")


def look(database: Database, claimed: Claim) -> tuple[str, str | None]:
    with database.read() as session:
        step = session.get_one(Step, claimed.step_id)
        return step.status, step.error_message


def workers_of(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Worker.name)))


def test_the_steps_of_a_dead_worker_are_ready_at_once_and_its_row_is_gone(database: Database, claimed: Claim) -> None:
    assert take_back_from_dead(database, HERE, is_alive=lambda pid: pid != 7) == 1
    assert look(database, claimed) == (StepStatus.READY, "The worker cpu@here:7 has died during clip.")
    assert workers_of(database) == []
    with database.read() as session:
        assert session.scalars(select(StepAttempt.error_code)).all() == ["WORKER_LOST"]


def test_a_worker_that_lives_is_left_alone(database: Database, claimed: Claim) -> None:
    assert take_back_from_dead(database, HERE, is_alive=lambda pid: True) == 0
    assert look(database, claimed) == (StepStatus.RUNNING, None)
    assert workers_of(database) == ["cpu@here:7"]


@pytest.mark.parametrize("pids_known_here", [ELSEWHERE, None])
def test_a_pid_that_means_nothing_here_says_nothing(
    database: Database, claimed: Claim, pids_known_here: str | None
) -> None:
    assert take_back_from_dead(database, pids_known_here, is_alive=lambda pid: False) == 0
    assert look(database, claimed) == (StepStatus.RUNNING, None)


# SQLite has one writer: nobody holds a job while another writes.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_dead_worker_is_looked_at_again_while_someone_holds_its_job(database: Database, claimed: Claim) -> None:
    with database.begin() as session:
        session.execute(select(Step).where(Step.id == claimed.step_id).with_for_update()).one()
        assert take_back_from_dead(database, HERE, is_alive=lambda pid: False) == 0
        assert workers_of(database) == ["cpu@here:7"]
    assert take_back_from_dead(database, HERE, is_alive=lambda pid: False) == 1


def test_the_death_of_a_child_is_told_as_its_worker_saw_it(database: Database, claimed: Claim) -> None:
    assert take_back_from_child(database, claimed.step_id, "cpu@here:7", "signal 9 (SIGKILL)")
    said = "The process that did clip has died: signal 9 (SIGKILL)."
    assert look(database, claimed) == (StepStatus.READY, said)


def test_a_child_that_had_nothing_to_do_takes_nothing_with_it(database: Database, claimed: Claim) -> None:
    with pytest.raises(LeaseLost):
        take_back_from_child(database, claimed.step_id, "cpu@there:9", "signal 9 (SIGKILL)")
    assert look(database, claimed) == (StepStatus.RUNNING, None)


def test_a_process_is_seen_to_live_and_to_be_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
    assert not is_alive(process.pid)
    assert is_alive(os.getpid())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says which processes share pids")
def test_processes_of_one_host_share_their_pids() -> None:
    asked = [sys.executable, "-c", "from workers.pid_space import pid_space; print(pid_space())"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == pid_space()
