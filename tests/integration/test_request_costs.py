"""What requests cost the database: few statements, and not one more for each job of a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.domain.video import VideoInput
from app.models import Job, OrgUsage, Step
from app.models.database import Database
from app.services import outlook
from app.services.claim_step import claim_step
from app.services.dispatch_soon import SoonDispatch
from app.services.farm import Doorbell, Farm
from tests.api_server import Api, finished_job, serve
from tests.farms import ListBell, make_farm, submit
from tests.statements import counted


@pytest.fixture
def api(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    # However slow the machine is, what estimates are made from is read once here.
    monkeypatch.setattr(outlook, "FRESH_FOR_S", float("inf"))
    with serve(database, tmp_path / "home") as api:
        # The key's first use is noted with a statement of its own.
        assert api.get("/api/jobs").status == 200
        api.post(f"/api/jobs/{api.accept()['id']}/cancel")
        yield api


def cost(api: Api, path: str) -> int:
    with counted(api.farm.database) as statements:
        assert api.get(path).status == 200
    return len(statements)


def running(api: Api) -> str:
    job_id = str(api.accept()["id"])
    with api.farm.database.read() as session:
        step = select(Step.id).join(Job, Job.id == Step.job_id).where(Job.public_id == job_id)
        step_id = session.execute(step).scalar_one()
    assert claim_step(api.farm.database, step_id, "worker-1", 60.0) is not None
    return job_id


def test_a_job_costs_its_key_its_row_its_steps_and_what_its_status_adds(api: Api) -> None:
    assert cost(api, f"/api/jobs/{running(api)}") == 3
    # The place in the queue; the outputs.
    assert cost(api, f"/api/jobs/{api.accept()['id']}") == 4
    assert cost(api, f"/api/jobs/{finished_job(api, 'video.mp4', b'film', 'video/mp4')}") == 4


def test_a_page_of_many_jobs_costs_no_more_statements_than_one_of_few(api: Api) -> None:
    for name in ("a.mp4", "b.mp4"):
        finished_job(api, name, b"film", "video/mp4")
    for _ in range(2):
        running(api)
        api.accept()
        api.post(f"/api/jobs/{api.accept()['id']}/cancel")
    child_of = api.post(f"/api/jobs/{api.get('/api/jobs?status=canceled').json()['data']['items'][0]['id']}/retry", {})
    assert child_of.status == 202
    few = cost(api, "/api/jobs?limit=100")
    for _ in range(10):
        api.accept()
        running(api)
    assert cost(api, "/api/jobs?limit=100") == few <= 7


def test_a_video_is_stored_with_a_statement_for_each_thing_that_is_stored(api: Api) -> None:
    with counted(api.farm.database) as statements:
        api.accept()
    writes = [statement.split()[:3] for statement in statements if not statement.startswith("SELECT")]
    # The rest calls the first step, as everything does here that makes one ready.
    assert [" ".join(words[:3]) for words in writes[:3]] == [
        "INSERT INTO jobs",
        "INSERT INTO steps",
        "INSERT INTO job_events",
    ]
    with counted(api.farm.database) as statements:
        assert api.post("/api/videos", {"text": "…"}).status == 422
    assert len(statements) == 1


def test_no_video_adds_up_what_its_organisation_has_asked_for_before(api: Api) -> None:
    def adds_up(statement: str) -> bool:
        return "sum(jobs.video_s)" in statement

    with counted(api.farm.database) as statements:
        for _ in range(5):
            api.accept()
    assert not any(map(adds_up, statements))
    # Unless it has been a while.
    with api.farm.database.begin() as session:
        session.execute(update(OrgUsage).values(counted_at=0.0))
    with counted(api.farm.database) as statements:
        api.accept()
        api.accept()
    assert sum(map(adds_up, statements)) == 1


class HeldBell(ListBell):
    """One that rings only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_ring = threading.Event(), threading.Event()

    def ring(self, doorbell: Doorbell) -> None:
        self.is_asked.set()
        assert self.may_ring.wait(30)
        super().ring(doorbell)


@pytest.fixture
def held(database: Database, tmp_path: Path) -> tuple[Farm, HeldBell]:
    bell = HeldBell()
    farm = make_farm(database, tmp_path, bell)
    return replace(farm, dispatching=SoonDispatch(farm)), bell


def test_an_answer_does_not_wait_for_the_broker_and_every_step_is_called_once(
    held: tuple[Farm, HeldBell], org_id: int
) -> None:
    farm, bell = held
    submit(farm, org_id, VideoInput(text="A river."))
    assert bell.is_asked.wait(30)
    # Accepted while the first is still being called: one more look finds both.
    submit(farm, org_id, VideoInput(text="A sea."))
    submit(farm, org_id, VideoInput(text="A lake."))
    assert bell.rung == []
    bell.may_ring.set()
    assert isinstance(farm.dispatching, SoonDispatch)
    farm.dispatching.end()
    with farm.database.read() as session:
        steps = session.scalars(select(Step.id).order_by(Step.id)).all()
    assert [doorbell.step_id for doorbell in bell.rung] == list(steps)
