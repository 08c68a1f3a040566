"""Event streams that have nothing to tell cost nothing, however many there are, and hear at once when they have."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

import app.services
from app.api.event_types import STORED_EVENTS
from app.models import Job, Step
from app.models.database import Database
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from tests.api_server import Api, local_org_id, serve
from tests.farms import claim
from tests.waiting import wait_for

STREAMS = 20


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


class Listener:
    """Reads a stream to its end in a thread of its own."""

    def __init__(self, api: Api, job_id: str) -> None:
        self._stream = api.stream(job_id)
        self.heard = ""
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while piece := self._stream.read1(65536):
            self.heard += piece.decode()
        self.has_ended.set()


def test_many_idle_streams_ask_the_database_what_one_would(api: Api, database: Database) -> None:
    api.flask.extensions["streams"].limit = 40
    asked: list[str] = []

    def remember(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    listeners = [Listener(api, api.accept()["id"]) for _ in range(STREAMS)]
    wait_for(lambda: all("video.queued" in listener.heard for listener in listeners), what="the first events")
    event.listen(database.engine, "before_cursor_execute", remember)
    # The jobs, their places in the queue, the keys.
    per_look = 3

    def is_one_look_after_the_other() -> bool:
        last = asked[-5 * per_look :]
        return sum("jobs.public_id IN" in statement for statement in last) == 5

    wait_for(is_one_look_after_the_other, what="five looks and nothing else")


def test_what_changes_without_an_event_is_told_all_the_same(api: Api, database: Database) -> None:
    job_id, behind = (api.accept()["id"] for _ in range(2))
    first, second = Listener(api, job_id), Listener(api, behind)
    wait_for(lambda: '"queue_position":2' in second.heard, what="a place in the queue")
    with database.read() as session:
        step_id = session.scalars(select(Step.id).join(Job, Job.id == Step.job_id).where(Job.public_id == job_id)).one()
    claim(database, step_id)
    wait_for(lambda: "step.started" in first.heard, what="the start")
    wait_for(lambda: '"queue_position":1' in second.heard, what="the next place in the queue")
    heard = first.heard.count("event: progress")
    with database.begin() as session:
        # Before its scenes are known a job tells no progress, but the look that it leads to finds the title.
        session.execute(update(Job).values(title="Rivers", updated_at=Job.updated_at))
        session.execute(update(Step).where(Step.id == step_id).values(progress=0.5))
    wait_for(lambda: first.heard.count("event: progress") > heard, what="the progress")


def test_every_stream_of_a_job_ends_with_it(api: Api, database: Database) -> None:
    job_id = api.accept()["id"]
    listeners = [Listener(api, job_id) for _ in range(3)]
    wait_for(lambda: all("video.queued" in listener.heard for listener in listeners), what="the first events")
    cancel_job(database, Asking(local_org_id(api), "cancel"), job_id)
    for listener in listeners:
        wait_for(listener.has_ended.is_set, what="the end of the stream")
        assert listener.heard.count("event: video.canceled") == 1


def test_every_event_of_a_step_that_is_recorded_is_described() -> None:
    sources = "".join(path.read_text() for path in Path(app.services.__file__).parent.rglob("*.py"))
    recorded = set(re.findall(r'"((?:step|job|output)\.[a-z_]+)"', sources))
    assert recorded == {type_ for type_ in STORED_EVENTS if not type_.startswith("video.")}
