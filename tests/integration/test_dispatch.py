"""Dispatch: who is called, how many, and what happens when the broker does not answer."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select, update

from app.domain.errors import ServiceUnavailable
from app.domain.plan import StepPlan
from app.domain.states import Pool
from app.models import Step, Worker
from app.models.database import Database, database_now_s
from app.services.dispatch import dispatch
from app.services.farm import Doorbell
from app.services.pool_rooms import CALLS_PER_SLOT, SMALLEST_WINDOW
from tests.farms import ListBell, claim, make_job, make_org


def scenes(count: int, pool: Pool = Pool.CPU) -> list[StepPlan]:
    return [StepPlan(f"scene/{number}/clip", "video.clip", pool) for number in range(1, count + 1)]


class SilentBell:
    """A broker that is away."""

    def ring(self, doorbell: Doorbell) -> None:
        raise ServiceUnavailable("The broker does not answer.")

    def ring_hooks(self) -> None:
        pass

    def check(self) -> None:
        raise ServiceUnavailable("The broker does not answer.")


def test_a_doorbell_names_the_kind_the_pool_and_the_step_and_nothing_else(database: Database) -> None:
    job_id = make_job(database, make_org(database), scenes(1))
    bell = ListBell()
    dispatch(database, bell)
    with database.read() as session:
        step_id = session.scalar(select(Step.id).where(Step.job_id == job_id))
    assert bell.rung == [Doorbell(step_id, "video.clip", Pool.CPU)]


def test_a_step_is_called_once_however_often_dispatch_runs(database: Database) -> None:
    make_job(database, make_org(database), scenes(2))
    bell = ListBell()
    dispatch(database, bell)
    dispatch(database, bell)
    assert len(bell.rung) == 2


def test_the_backlog_stays_in_the_database(database: Database) -> None:
    make_job(database, make_org(database), scenes(50))
    bell = ListBell()
    dispatch(database, bell)
    assert len(bell.rung) == SMALLEST_WINDOW


def test_the_window_grows_with_the_slots_of_the_workers_that_are_there(database: Database) -> None:
    make_job(database, make_org(database), scenes(50))
    with database.begin() as session:
        now = database_now_s(session)
        common = {"pool": Pool.CPU, "host": "h", "pid": 1, "version": "1", "started_at": now}
        session.add(Worker(name="alive", slots=6, beat_at=now, **common))
        session.add(Worker(name="long gone", slots=100, beat_at=now - 120, **common))
    bell = ListBell()
    dispatch(database, bell)
    assert len(bell.rung) == 6 * CALLS_PER_SLOT


def test_a_running_step_holds_its_place_in_the_window(database: Database) -> None:
    make_job(database, make_org(database), scenes(50))
    bell = ListBell()
    dispatch(database, bell)
    claim(database, bell.rung[0].step_id)
    assert dispatch(database, bell) == 0


def test_one_orgs_backlog_does_not_hold_up_another_org(database: Database) -> None:
    make_job(database, make_org(database, "large"), scenes(100))
    small = make_job(database, make_org(database, "small"), scenes(1))
    bell = ListBell()
    dispatch(database, bell)
    with database.read() as session:
        orgs = Counter(session.scalars(select(Step.job_id).where(Step.rung_at.is_not(None))))
    assert orgs[small] == 1


def test_the_more_urgent_job_is_called_first(database: Database) -> None:
    org_id = make_org(database)
    make_job(database, org_id, scenes(10), priority=3)
    urgent = make_job(database, org_id, scenes(2), priority=5)
    bell = ListBell()
    dispatch(database, bell)
    with database.read() as session:
        jobs = [session.scalar(select(Step.job_id).where(Step.id == doorbell.step_id)) for doorbell in bell.rung]
    assert jobs[:2] == [urgent, urgent]


def test_a_full_pool_does_not_keep_another_pool_waiting(database: Database) -> None:
    make_job(database, make_org(database), [*scenes(20), StepPlan("script", "video.script", Pool.IO)])
    bell = ListBell()
    dispatch(database, bell)
    assert Pool.IO in {doorbell.pool for doorbell in bell.rung}


def test_when_the_broker_is_away_nothing_is_lost_and_the_next_dispatch_rings(database: Database) -> None:
    make_job(database, make_org(database), scenes(3))
    assert dispatch(database, SilentBell()) == 0
    with database.read() as session:
        assert set(session.scalars(select(Step.rings))) == {0}
    bell = ListBell()
    assert dispatch(database, bell) == 3


def test_steps_of_a_canceled_job_are_not_called(database: Database) -> None:
    make_job(database, make_org(database), scenes(3))
    with database.begin() as session:
        session.execute(update(Step).values(status="canceled"))
    assert dispatch(database, ListBell()) == 0
