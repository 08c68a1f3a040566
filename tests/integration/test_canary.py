"""The canary: once a tick whoever runs the schedule, a real video, and out of everyone's sight."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.models import Job, JobEvent, Schedule, Step
from app.models.database import Database, database_now_s, now_s
from app.services.canary import send_canary, view_canary
from app.services.farm import Farm
from app.services.job_lists import list_jobs
from app.services.keyset import Cut
from app.services.schedules import claim_tick
from tests.farms import make_farm, work_off


@pytest.fixture
def farm(database: Database, tmp_path: Path) -> Farm:
    return replace(make_farm(database, tmp_path), canary_every_s=300.0)


def let_the_next_tick_come(database: Database) -> None:
    with database.begin() as session:
        session.execute(update(Schedule).values(next_at=now_s() - 1))


def test_a_canary_is_a_whole_video_each_time_anew(farm: Farm) -> None:
    for _ in range(2):
        assert send_canary(farm) is not None
        work_off(farm)
        let_the_next_tick_come(farm.database)
    seen = view_canary(farm)
    assert seen.last_success_at is not None and seen.last_duration_s is not None and seen.last_failure is None
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).where(Step.kind != "video.script", Step.adopted)) == 0
        ends = [event for event in session.scalars(select(JobEvent.type)) if event.startswith("canary.succ")]
    assert ends == ["canary.succeeded"] * 2


def test_lists_leave_the_canary_out(farm: Farm) -> None:
    send_canary(farm)
    with farm.database.read() as session:
        org_id = session.execute(select(Job.org_id)).scalar_one()
    assert list_jobs(farm.database, org_id, Cut(10)).items == ()


def test_between_two_ticks_nothing_is_sent_and_a_late_canary_is_waited_for(farm: Farm) -> None:
    assert send_canary(farm) is not None
    assert send_canary(farm) is None
    let_the_next_tick_come(farm.database)
    assert send_canary(farm) is None


def test_a_farm_without_the_setting_sends_none(farm: Farm) -> None:
    assert send_canary(replace(farm, canary_every_s=0.0)) is None


def test_many_schedulers_fire_a_tick_once(farm: Farm) -> None:
    start = threading.Barrier(5)
    sent: list[str | None] = []

    def fire() -> None:
        start.wait()
        sent.append(send_canary(farm))

    threads = [threading.Thread(target=fire) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([job_id for job_id in sent if job_id is not None]) == 1


def test_a_scheduler_that_dies_on_its_tick_leaves_it_to_the_other(database: Database) -> None:
    class Died(Exception):
        pass

    def claim() -> int | None:
        with database.begin() as session:
            return claim_tick(session, "report", 60.0, database_now_s(session))

    with pytest.raises(Died), database.begin() as session:
        assert claim_tick(session, "report", 60.0, database_now_s(session)) == 1
        raise Died
    assert [claim(), claim()] == [1, None]


def test_ticks_that_nobody_claimed_are_not_made_up_for(database: Database) -> None:
    with database.begin() as session:
        assert claim_tick(session, "report", 60.0, 1000.0) == 1
        assert claim_tick(session, "report", 60.0, 1059.0) is None
        assert claim_tick(session, "report", 60.0, 1250.0) == 2
        assert session.get_one(Schedule, "report").next_at == 1300.0
        assert claim_tick(session, "report", 60.0, 1250.0) is None
