"""The sweep takes back what the dead have held, and waits for nobody who holds a lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, text, update

from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.models import Step
from app.models.database import POSTGRES_IDLE_TRANSACTION_S, Database, now_s
from app.models.migrate import migrate
from app.services.job_log import lock_job
from app.services.recover import BATCH, recover
from tests.farms import claim, make_job, make_org
from tests.servers import PostgresServer


@contextmanager
def new_database(postgres: PostgresServer) -> Iterator[Database]:
    url = postgres.new_database()
    migrate(url)
    database = Database(url)
    yield database
    database.close()


def held_by_the_dead(database: Database, org_id: int) -> int:
    """A job whose only step runs past its lease; the job's id."""
    job_id = make_job(database, org_id, [StepPlan("a", "video.script", Pool.IO)])
    with database.read() as session:
        step_id = session.execute(select(Step.id).where(Step.job_id == job_id)).scalar_one()
    claim(database, step_id)
    with database.begin() as session:
        session.execute(update(Step).where(Step.id == step_id).values(lease_expires_at=now_s() - 1))
    return job_id


def status_of(database: Database, job_id: int) -> str:
    with database.read() as session:
        return session.execute(select(Step.status).where(Step.job_id == job_id)).scalar_one()


def test_a_job_locked_by_someone_who_hangs_holds_up_no_other_job(postgres: PostgresServer) -> None:
    with new_database(postgres) as database:
        org_id = make_org(database)
        hung, other = held_by_the_dead(database, org_id), held_by_the_dead(database, org_id)
        with database.begin() as hanging:
            lock_job(hanging, hung)
            assert recover(database).leases == 1
            assert (status_of(database, hung), status_of(database, other)) == (StepStatus.RUNNING, StepStatus.READY)
        assert recover(database).leases == 1


def test_the_database_ends_a_transaction_whose_process_hangs(postgres: PostgresServer) -> None:
    with new_database(postgres) as database, database.read() as session:
        told = session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()
    assert told == f"{POSTGRES_IDLE_TRANSACTION_S}s"


def test_one_sweep_ends_all_waits_that_are_over_however_many(database: Database) -> None:
    count = 2 * BATCH + 1
    plans = [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU) for number in range(count)]
    make_job(database, make_org(database), plans)
    with database.begin() as session:
        session.execute(update(Step).values(status=StepStatus.WAITING, wait_reason="backoff", resume_at=now_s() - 1))
    assert recover(database).waits == count
    assert recover(database).waits == 0
