"""The audit finds every kind of wrong book, and nothing in the books of a farm that was right."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.domain.plan import StepPlan
from app.domain.states import Pool
from app.models import Job, Step
from app.models.database import Database
from app.services.asking import Asking
from app.services.audit import audit
from app.services.cancel_job import cancel_job
from app.storage.local import LocalStorage
from tests.farms import claim, finish, make_job, make_org

A = StepPlan("a", "video.script", Pool.IO)
B = StepPlan("b", "video.clip", Pool.CPU, needs=("a",))


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


def stored(storage: LocalStorage, folder: Path) -> str:
    """The SHA-256 of a byte that is in storage; one byte is what `finish` says its result has."""
    file = folder / "byte"
    file.write_bytes(b"b")
    return storage.put(file, "text/plain").sha256


@pytest.fixture
def job_id(database: Database, storage: LocalStorage, tmp_path: Path) -> int:
    """A job that has succeeded, beside one that is under way and one that was canceled in mid-step."""
    org_id = make_org(database)
    done, under_way, canceled = (make_job(database, org_id, [A, B]) for _ in range(3))
    sha256 = stored(storage, tmp_path)
    for name in ("a", "b"):
        finish(database, claim(database, step_id(database, done, name)), blob=sha256)
    for job in (under_way, canceled):
        claim(database, step_id(database, job, "a"))
    cancel_job(database, Asking(org_id, "cancel"), public_id(database, canceled))
    assert audit(database, storage, [public_id(database, it) for it in (done, under_way, canceled)]) == []
    return done


def step_id(database: Database, job_id: int, name: str) -> int:
    with database.read() as session:
        return session.execute(select(Step.id).where(Step.job_id == job_id, Step.name == name)).scalar_one()


def public_id(database: Database, job_id: int) -> str:
    with database.read() as session:
        return session.execute(select(Job.public_id).where(Job.id == job_id)).scalar_one()


STEP_B = "(SELECT id FROM steps WHERE job_id = :job AND name = 'b')"
ADD_EVENT = "INSERT INTO job_events (job_id, seq, type, data, at) VALUES (:job, 99, '{}', '{{}}', 0)"


@pytest.mark.parametrize(
    ("corruption", "finding"),
    [
        (ADD_EVENT.format("video.succeeded"), "has not one terminal event"),
        (ADD_EVENT.format("step.started"), "misses events"),
        ("UPDATE jobs SET status = 'running' WHERE id = :job", "has a terminal event and goes on"),
        ("UPDATE jobs SET status = 'failed' WHERE id = :job", "has the terminal event of another end"),
        ("UPDATE jobs SET last_seq = 99 WHERE id = :job", "has events after its end"),
        ("UPDATE jobs SET updated_at = 0 WHERE id = :job", "has changed after its end"),
        ("UPDATE jobs SET open_steps = 1 WHERE id = :job", "counts its steps wrongly"),
        (f"UPDATE steps SET status = 'ready' WHERE id = {STEP_B}", "has ended and a step of it has not"),
        (f"UPDATE steps SET status = 'failed' WHERE id = {STEP_B}", "has succeeded without a step of it"),
        (f"UPDATE steps SET status = 'blocked' WHERE id = {STEP_B}", "blocks a step for nothing"),
        (f"UPDATE steps SET status = 'ready', unmet = 1 WHERE id = {STEP_B}", "has opened a step too early"),
        (f"UPDATE steps SET status = 'running', lease_expires_at = 0 WHERE id = {STEP_B}", "runs past its lease"),
        (f"UPDATE steps SET token = 2 WHERE id = {STEP_B}", "has an incomplete history of attempts"),
        (f"DELETE FROM step_attempts WHERE step_id = {STEP_B}", "was not done exactly once"),
        (f"UPDATE step_attempts SET outcome = NULL WHERE step_id = {STEP_B}", "has an attempt that never ended"),
        (f"UPDATE artifacts SET sha256 = '{'0' * 64}' WHERE step_id = {STEP_B}", "misses the bytes of out"),
        (f"UPDATE artifacts SET size_bytes = 2 WHERE step_id = {STEP_B}", "misses the bytes of out"),
    ],
)
def test_each_kind_of_wrong_book_is_found(
    database: Database, storage: LocalStorage, job_id: int, corruption: str, finding: str
) -> None:
    with database.begin() as session:
        session.execute(text(corruption), {"job": job_id})
    findings = audit(database, storage)
    assert any(finding in it and public_id(database, job_id) in it for it in findings), findings


def test_a_job_that_was_accepted_and_is_not_there_is_found(database: Database, storage: LocalStorage) -> None:
    assert audit(database, storage, ["vid_lost"]) == ["vid_lost was accepted and is not there"]
