"""The stream of a whole organisation: nothing lost, nothing told twice, whoever commits when and whatever breaks."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from app.api.org_watch import MOST_DEALT, OrgFollower
from app.api.streams import Streams
from app.models import Job, JobEvent
from app.models.database import Database
from app.models.migrate import migrate
from app.services.api_keys import key_id_of, revoke
from app.services.job_log import append_events, lock_job
from app.services.org_events import OrgEvent, Place, Window, place_now, place_of, read_window
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.farms import make_job, make_org
from tests.waiting import wait_for

WRITERS, ROUNDS = 6, 20


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        # A stream that a test closes is noticed at its next heartbeat.
        api.flask.extensions["streams"].heartbeat_s = 0.2
        yield api


def happen(database: Database, job_id: int, *types: str) -> list[int]:
    """Events of a job, in one transaction; their numbers."""
    with database.begin() as session:
        job = lock_job(session, job_id)
        first = job.last_seq + 1
        job.last_seq = append_events(session, job_id, job.last_seq, 0.0, [(type_, {}) for type_ in types])
        return list(range(first, job.last_seq + 1))


def written_down(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        query = select(Job.public_id, JobEvent.seq).join(Job, Job.id == JobEvent.job_id)
        return sorted((public_id, seq) for public_id, seq in session.execute(query))


class Listener:
    """Reads the stream in a thread of its own. `events` as (id, type, data)."""

    def __init__(self, api: Api, path: str = "/api/events", **headers: str) -> None:
        self._response = api.ask("GET", path, headers=headers, preload_content=False)
        assert self._response.status == 200, self._response.data
        self.heard = ""
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        wait_for(lambda: "still here" in self.heard, what="the first word")

    @property
    def headers(self) -> Any:
        return self._response.headers

    @property
    def last_id(self) -> str:
        whole = self.heard.rpartition("\n\n")[0]
        return [line.removeprefix("id: ") for line in whole.splitlines() if line.startswith("id: ")][-1]

    @property
    def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        found = []
        for block in self.heard.split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
        return found

    @property
    def numbers(self) -> list[tuple[str, int]]:
        return [(data["job_id"], data["seq"]) for _, _, data in self.events]

    def close(self) -> None:
        self._response.close()

    def _read(self) -> None:
        try:
            while piece := self._response.read1(65536):
                self.heard += piece.decode()
        except Exception:
            # Closed by the test while it was read.
            pass
        self.has_ended.set()


def test_what_happens_to_any_job_of_the_organisation_is_told(api: Api) -> None:
    early = api.accept()
    listener = Listener(api)
    assert listener.headers["Content-Type"].startswith("text/event-stream")
    assert (listener.headers["X-Accel-Buffering"], listener.headers["Cache-Control"]) == ("no", "no-store")
    assert listener.heard.startswith("retry: 3000\n\n")
    late = data_of(api.post("/api/videos", {"text": "A river."}, x_correlation_id="mine-42"))
    api.post(f"/api/jobs/{early['id']}/cancel")
    wait_for(lambda: len(listener.events) == 2, what="both")
    (first_id, first, told), (second_id, second, canceled) = listener.events
    assert (first, told["type"], told["job_id"], told["seq"]) == ("video.queued", "video.queued", late["id"], 1)
    assert told["correlation_id"] == "mine-42" and told["at"].endswith("Z")
    assert (second, canceled["job_id"], canceled["seq"]) == ("video.canceled", early["id"], 2)
    assert int(first_id.split(".")[0]) <= int(second_id.split(".")[0])


def test_nothing_of_another_organisation_is_told(api: Api) -> None:
    stranger = api.stranger()
    mine, theirs = Listener(api), Listener(stranger)
    ours, other = api.accept()["id"], stranger.accept()["id"]
    wait_for(lambda: mine.events and theirs.events, what="an event each")
    assert [data["job_id"] for _, _, data in mine.events] == [ours]
    assert [data["job_id"] for _, _, data in theirs.events] == [other]
    refused = api.get("/api/events", Last_Event_ID=theirs.events[0][0])
    assert (refused.status, error_of(refused)["details"]["field"]) == (422, "Last-Event-ID")


def test_a_stream_goes_on_where_another_broke_off(api: Api) -> None:
    first = Listener(api)
    api.accept()
    wait_for(lambda: first.events, what="the first")
    first.close()
    missed = [api.accept()["id"] for _ in range(3)]
    second = Listener(api, Last_Event_ID=first.last_id)
    wait_for(lambda: len(second.events) == 3, what="what was missed")
    after = api.accept()["id"]
    wait_for(lambda: len(second.events) == 4, what="what came then")
    assert [data["job_id"] for _, _, data in second.events] == [*missed, after]


def test_a_stream_that_broke_before_its_first_event_has_missed_none(api: Api) -> None:
    first = Listener(api)
    first.close()
    missed = api.accept()["id"]
    second = Listener(api, Last_Event_ID=first.last_id)
    wait_for(lambda: second.events, what="what was missed")
    assert [data["job_id"] for _, _, data in second.events] == [missed]


def test_steps_can_be_left_out(api: Api, database: Database) -> None:
    listener = Listener(api, "/api/events?steps=false")
    job_id = make_job(database, local_org_id(api), [])
    happen(database, job_id, "step.started", "step.succeeded", "video.succeeded")
    wait_for(lambda: any(type_ == "video.succeeded" for _, type_, _ in listener.events), what="the end")
    assert [type_ for _, type_, _ in listener.events] == ["video.queued", "video.succeeded"]
    assert api.get("/api/events?status=failed").status == 422


@pytest.mark.parametrize("given", ["-1", "one", "1.2", "1.vid_0000000000000000.1", "9" * 40, "1.vid_x.1.1"])
def test_an_id_that_is_none_of_the_stream_is_refused(api: Api, given: str) -> None:
    answer = api.get("/api/events", Last_Event_ID=given)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "Last-Event-ID")


def test_an_id_from_before_a_backup_was_played_back_starts_anew(api: Api) -> None:
    listener = Listener(api, Last_Event_ID="999999999999")
    wait_for(lambda: listener.events, what="the reset")
    assert listener.events[0][1] == "reset"
    job_id = api.accept()["id"]
    wait_for(lambda: len(listener.events) == 2, what="what comes then")
    assert listener.events[1][2]["job_id"] == job_id


def test_the_stream_ends_with_the_key(api: Api) -> None:
    assert api.key is not None
    listener = Listener(api)
    revoke(api.farm.database, key_id_of(api.key) or "")
    assert listener.has_ended.wait(10)


@pytest.mark.parametrize("path", ["/api/events", "/api/jobs/{job}/events"])
def test_a_silent_stream_beats(api: Api, path: str) -> None:
    assert Streams().heartbeat_s == 15.0
    path = path.format(job=api.accept()["id"])
    stream = api.ask("GET", path, preload_content=False)
    heard = b""
    while heard.count(b": still here\n") < 5:
        heard += stream.read1(4096)
    assert heard.startswith(b"retry: 3000\n\n")
    stream.close()


def test_a_vendors_key_in_an_event_stays_here(api: Api, database: Database) -> None:
    listener = Listener(api)
    job_id = make_job(database, local_org_id(api), [])
    with database.begin() as session:
        job = lock_job(session, job_id)
        error = {"code": "PROVIDER_REFUSED", "message": "Incorrect API key: sk-proj-abcdefghijklmnopqrstuvwx"}
        job.last_seq = append_events(session, job_id, job.last_seq, 0.0, [("step.failed", {"error": error})])
    wait_for(lambda: "step.failed" in listener.heard, what="the failure")
    assert "abcdefgh" not in listener.heard and "sk-proj-[redacted]" in listener.heard


def test_many_streams_ask_the_database_what_one_would(api: Api, database: Database) -> None:
    api.flask.extensions["streams"].limit = 40
    listeners = [Listener(api) for _ in range(20)]
    asked: list[str] = []

    def remember(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", remember)
    looks = lambda: [statement for statement in asked if "job_events.position <" in statement]  # noqa: E731
    wait_for(lambda: len(looks()) >= 5, what="five looks")
    # The events and the keys, at most one of the two more than the other.
    assert len(asked) <= 2 * len(looks()) + 1
    asked.clear()
    job_id = make_job(database, local_org_id(api), [])
    wait_for(lambda: all(listener.events for listener in listeners), what="everyone has heard")
    assert sum("FROM job_events" in statement and "correlation_id" in statement for statement in asked) == 1
    assert job_id


class Collector:
    """Reads window after window until it is told that nothing more is written."""

    def __init__(self, database: Database, org_id: int, limit: int) -> None:
        self._database, self._org_id, self._limit = database, org_id, limit
        self.place = place_now(database)
        self.events: list[OrgEvent] = []

    def read_until(self, is_over: Callable[[], bool]) -> None:
        while True:
            was_over = is_over()
            window = read_window(self._database, self.place, (self._org_id,), limit=self._limit)
            self.events += window.events
            self.place = window.end
            if was_over and window.is_last:
                return


@pytest.mark.parametrize("limit", [3, 2000])
def test_concurrent_writers_lose_and_double_nothing(database: Database, limit: int) -> None:
    """Transactions overlap and commit in another order than they wrote in: that is what a plain number would lose."""
    org_id, other = make_org(database), make_org(database, "other")
    jobs = [make_job(database, org_id, []) for _ in range(WRITERS)]
    noise = make_job(database, other, [])
    collectors = [Collector(database, org_id, limit) for _ in range(3)]
    before = written_down(database)
    is_over = threading.Event()

    def write(number: int) -> None:
        chance = random.Random(number)
        for _ in range(ROUNDS):
            with database.begin() as session:
                job = lock_job(session, jobs[number])
                for _ in range(chance.randint(1, 3)):
                    job.last_seq = append_events(session, job.id, job.last_seq, 0.0, [("step.started", {})])
                    # Others get their turn between what is written and its commit.
                    session.execute(text("SELECT pg_sleep(0.002)" if is_postgresql else "SELECT 1"))
            happen(database, noise, "step.started")

    is_postgresql = database.engine.dialect.name == "postgresql"
    with ThreadPoolExecutor(WRITERS + len(collectors)) as pool:
        reading = [pool.submit(collector.read_until, is_over.is_set) for collector in collectors]
        for writing in [pool.submit(write, number) for number in range(WRITERS)]:
            writing.result()
        is_over.set()
        for done in reading:
            done.result()
    with database.read() as session:
        theirs = session.execute(select(Job.public_id).where(Job.id == noise)).scalar_one()
    expected = [found for found in written_down(database) if found not in before and found[0] != theirs]
    assert len(expected) >= WRITERS * ROUNDS
    for collector in collectors:
        assert sorted((found.job_id, found.seq) for found in collector.events) == expected
        by_job: dict[str, list[int]] = {}
        for found in collector.events:
            by_job.setdefault(found.job_id, []).append(found.seq)
        assert all(numbers == sorted(numbers) for numbers in by_job.values())


def test_streams_that_break_and_come_back_among_writers_hear_all_of_it_once(api: Api, database: Database) -> None:
    org_id = local_org_id(api)
    jobs = [make_job(database, org_id, []) for _ in range(4)]
    before = written_down(database)
    steady, heard = Listener(api), []
    breaking = Listener(api, "/api/events")
    with ThreadPoolExecutor(4) as pool:
        writing = [
            pool.submit(lambda job=job: [happen(database, job, "step.started") for _ in range(60)]) for job in jobs
        ]
        while not all(one.done() for one in writing):
            wait_for(lambda heard=breaking: heard.events, what="something")
            breaking.close()
            breaking.has_ended.wait(10)
            heard += breaking.numbers
            breaking = Listener(api, Last_Event_ID=breaking.last_id)
        for one in writing:
            one.result()
    expected = [found for found in written_down(database) if found not in before]
    wait_for(lambda: len(steady.events) >= len(expected), what="everything")
    wait_for(lambda: len(heard) + len(breaking.events) >= len(expected), what="everything in pieces")
    assert sorted(steady.numbers) == expected
    assert sorted(heard + breaking.numbers) == expected


def test_a_reader_that_does_not_keep_up_is_dealt_nothing_more_and_reads_by_itself(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [])
    begin = place_now(database)
    follower = OrgFollower(org_id, "key:x", begin)
    seqs = happen(database, job_id, *["step.started"] * (MOST_DEALT + 1))
    window = read_window(database, begin, (org_id,), limit=MOST_DEALT + 2)
    follower.deal(window, is_complete=True)
    dealt = follower.take()
    assert (dealt.begin, dealt.events, dealt.end) == (window.end, (), window.end)
    again = read_window(database, begin, (org_id,), until=dealt.begin)
    assert [found.seq for found in again.events] == seqs


def test_a_window_of_other_organisations_is_read_by_oneself(database: Database) -> None:
    begin = place_now(database)
    follower = OrgFollower(7, "key:x", begin)
    end = Place(begin.position + 5)
    follower.deal(Window((), end, is_last=True), is_complete=False)
    assert follower.take().begin == end
    follower.deal(Window((), begin, is_last=True), is_complete=True)
    assert follower.take().end == end


def test_events_of_a_backup_from_a_server_that_had_counted_further_stand_at_the_beginning(
    database: Database, database_url: str
) -> None:
    if database.engine.dialect.name != "postgresql":
        return  # Only PostgreSQL counts transactions.
    org_id = make_org(database)
    old = make_job(database, org_id, [])
    with database.begin() as session:
        session.execute(update(JobEvent).values(position=10**12))
    migrate(database_url)
    begin = place_now(database)
    new = happen(database, old, "step.started")
    assert [found.seq for found in read_window(database, begin, (org_id,)).events] == new
    with database.read() as session:
        assert session.scalar(select(JobEvent.position).where(JobEvent.seq == 1)) == 0


def test_a_place_survives_being_written(database: Database) -> None:
    org_id = make_org(database)
    begin = place_now(database)
    make_job(database, org_id, [])
    (found,) = read_window(database, begin, (org_id,)).events
    assert place_of(database, org_id, found.id) == found.place
    assert place_of(database, org_id, str(begin.position)) == begin


def test_canaries_are_not_told(database: Database) -> None:
    org_id = make_org(database)
    begin = place_now(database)
    job_id = make_job(database, org_id, [])
    with database.begin() as session:
        session.execute(update(Job).values(kind="canary"))
    happen(database, job_id, "step.started")
    window = read_window(database, begin, (org_id,))
    assert window.events == () and window.end > begin
