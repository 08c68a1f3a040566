"""`Idempotency-Key`: what was answered is answered again, and what is being answered is not done twice."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from urllib3 import BaseHTTPResponse

from app.api.facts import Facts, SentAgain, check_facts
from app.client.errors import Conflict
from app.client.patience import may_pass
from app.models import Asset, IdempotencyRecord, Job, Org
from app.models.database import Database, violates
from app.services import answer_once, idempotency, keys_at_work
from app.services.answer_once import DEAD_AFTER_S
from app.services.asking import Asking, RequestKey
from app.services.idempotency import KEPT_S, sweep_records
from tests.api_server import ONE_STEP, Api, data_of, error_of, local_org_id, serve
from tests.farms import make_job, make_org
from tests.waiting import wait_for

VIDEO = {"text": "A river runs to the sea."}
SUBJECT = "uq_jobs_org_id_subject_id_live"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


def upload(api: Api, content: bytes, key: str) -> BaseHTTPResponse:
    return api.ask("POST", "/api/assets", fields={"file": ("a.png", content)}, headers={"Idempotency-Key": key})


def age(api: Api, by_s: float) -> None:
    """Let all records be so much older."""
    with api.farm.database.begin() as session:
        session.execute(update(IdempotencyRecord).values(created_at=IdempotencyRecord.created_at - by_s))


def count(api: Api, table: type[Any]) -> int:
    with api.farm.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def is_replay(answer: BaseHTTPResponse) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


def test_a_file_that_is_sent_again_is_stored_once(api: Api) -> None:
    first, again = (upload(api, picture("teal"), "one") for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert data_of(first) == data_of(again) and is_replay(again) and not is_replay(first)
    other = upload(api, picture("red"), "one")
    assert (other.status, error_of(other)["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert count(api, Asset) == 1
    assert upload(api, b"no picture", "two").status == 422
    assert upload(api, picture("red"), "two").status == 201


def test_acts_on_many_jobs_give_the_answer_that_they_gave(api: Api) -> None:
    ids = [api.accept()["id"] for _ in range(2)]
    body = {"filter": {"status": ["queued"]}, "confirm": 2}
    cancels = [api.post("/api/jobs/bulk/cancel", body, Idempotency_Key="one") for _ in range(2)]
    # Without the key the second one would be a 409: the filter finds none any more.
    assert data_of(cancels[0]) == data_of(cancels[1]) and is_replay(cancels[1])
    body = {"filter": {"ids": ids, "status": ["canceled"]}, "confirm": 2}
    retries = [api.post("/api/jobs/bulk/retry", body, Idempotency_Key="one") for _ in range(2)]
    assert data_of(retries[0]) == data_of(retries[1]) and is_replay(retries[1])
    assert count(api, Job) == 4


def test_a_stop_of_everything_that_is_sent_again_stops_nothing_new(api: Api) -> None:
    api.accept()
    body = {"confirm": True, "reason": "A wrong price list."}
    assert data_of(api.post("/api/admin/jobs/force-stop-all", body, Idempotency_Key="one")) == {"stopped": 1}
    later = api.accept()["id"]
    assert data_of(api.post("/api/admin/jobs/force-stop-all", body, Idempotency_Key="one")) == {"stopped": 1}
    assert data_of(api.get(f"/api/jobs/{later}"))["status"] == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/jobs/vid_1/cancel"), ("DELETE", "/api/brand-kit"), ("POST", "/api/admin/pools/cpu/resume")],
)
def test_where_it_is_not_needed_a_key_may_be_sent_and_must_be_one(api: Api, method: str, path: str) -> None:
    assert api.ask(method, path, headers={"Idempotency-Key": "one"}).status in (200, 404)
    refused = api.ask(method, path, headers={"Idempotency-Key": "with space"})
    assert (refused.status, error_of(refused)["details"]["field"]) == (422, "Idempotency-Key")


def test_the_document_says_of_every_change_what_a_key_does(api: Api) -> None:
    for path, methods in api.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            names = {parameter["name"] for parameter in operation["parameters"]}
            # Whoever signs in once more is signed in once more, and nothing else has changed.
            is_change = method != "get" and operation["operationId"] != "signIn"
            assert ("Idempotency-Key" in names) == is_change, f"{method} {path}"


def flask_with(method: str, facts: Facts) -> Flask:
    flask = Flask(__name__)
    flask.add_url_rule("/api/new", "new.thing", facts(lambda: ""), methods=[method])
    return flask


def test_the_api_does_not_start_with_a_change_that_does_not_say_what_a_key_does() -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        check_facts(flask_with(method, Facts(SentAgain.KEPT)))
        with pytest.raises(ValueError, match=r"new\.thing"):
            check_facts(flask_with(method, Facts()))
    check_facts(flask_with("GET", Facts()))
    with pytest.raises(ValueError, match=r"new\.thing"):
        check_facts(flask_with("GET", Facts(SentAgain.HARMLESS)))


@contextmanager
def nobody_gets_on(api: Api) -> Iterator[None]:
    """Whoever wants to store a job waits, its transaction open."""
    with api.farm.database.begin() as session:
        session.execute(select(Org.id).where(Org.id == local_org_id(api)).with_for_update())
        yield


def answers_of_two(apis: Sequence[Api]) -> tuple[BaseHTTPResponse, BaseHTTPResponse]:
    """The same request sent to both while the first one cannot get on: the answers, in the order in which they come."""
    for api in apis:
        # Notes the key's use, for which there is no way later.
        api.get("/api/jobs")
    with ThreadPoolExecutor(2) as pool:
        with nobody_gets_on(apis[0]):
            asked = [pool.submit(api.post, "/api/videos", VIDEO, Idempotency_Key="one") for api in apis]
            done, waiting = wait(asked, timeout=60, return_when=FIRST_COMPLETED)
            assert (len(done), len(waiting)) == (1, 1)
        return done.pop().result(), waiting.pop().result()


def test_a_request_that_is_being_answered_is_a_409_and_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_at_work, "WAIT_S", 0.1)
    refused, accepted = answers_of_two([api, api])
    assert (refused.status, error_of(refused)["error_code"]) == (409, "REQUEST_IN_FLIGHT")
    assert refused.headers["Retry-After"] == "1"
    assert accepted.status == 202 and not is_replay(accepted)
    assert is_replay(api.post("/api/videos", VIDEO, Idempotency_Key="one"))


def test_other_processes_know_what_is_being_answered(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if api.farm.database.engine.dialect.name != "postgresql":
        return  # On SQLite everyone waits for the one writer.
    monkeypatch.setattr(keys_at_work, "WAIT_S", 0.1)
    with serve(api.farm.database, tmp_path / "elsewhere") as other:
        refused, accepted = answers_of_two([api, Api(other.url, api.key, other.farm, other.settings, other.flask)])
    assert (refused.status, accepted.status) == (409, 202)
    assert count(api, Job) == 1


def test_an_act_of_many_transactions_is_in_flight_until_it_has_answered_or_died(api: Api) -> None:
    sent = picture("teal")
    assert upload(api, sent, "one").status == 201
    with api.farm.database.begin() as session:
        # As it is while the first request is at work.
        session.execute(update(IdempotencyRecord).values(answer={}))
    refused = upload(api, sent, "one")
    assert (refused.status, error_of(refused)["error_code"]) == (409, "REQUEST_IN_FLIGHT")
    age(api, DEAD_AFTER_S + 1)
    assert upload(api, sent, "one").status == 201
    assert is_replay(upload(api, sent, "one"))


@pytest.mark.parametrize(
    ("method", "path", "body", "other"),
    [
        ("POST", "/api/users", {"email": "ada@example.com", "name": "Ada"}, {"email": "bo@example.com", "name": "Bo"}),
        ("PUT", "/api/brand-kit", {"name": "Atlas"}, {"name": "Borealis"}),
        ("POST", "/api/admin/pools/cpu/pause", {"reason": "A disk."}, {"reason": "Another disk."}),
        ("PUT", "/api/admin/orgs/local/limits", {"jobs_at_once": 7}, {"jobs_at_once": 8}),
    ],
)
def test_a_change_is_answered_once_and_another_one_with_its_key_refused(
    api: Api, method: str, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    def ask(sent: dict[str, Any]) -> BaseHTTPResponse:
        return api.ask(method, path, json=sent, headers={"Idempotency-Key": "one"})

    first, again = ask(body), ask(body)
    assert first.status in (200, 201) and (again.status, data_of(again)) == (first.status, data_of(first))
    assert is_replay(again) and not is_replay(first)
    refused = ask(other)
    assert (refused.status, error_of(refused)["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_that_was_made_is_shown_once_and_not_stored(api: Api) -> None:
    body = {"name": "shop", "scopes": ["jobs:read"]}
    first, again = (data_of(api.post("/api/keys", body, Idempotency_Key="one")) for _ in range(2))
    assert first["key"].startswith("sw_live_") and again == {**first, "key": None}
    with api.farm.database.read() as session:
        assert first["key"] not in str(session.scalars(select(IdempotencyRecord.answer)).all())


def test_a_password_cannot_be_guessed_by_what_is_stored_of_a_request(api: Api) -> None:
    for password in ("correct horse battery", "another horse battery"):
        user = {"email": "ada@example.com", "name": "Ada", "password": password}
        assert api.post("/api/users", user, Idempotency_Key="one").status == 201


def test_whoever_takes_long_to_answer_is_not_taken_for_dead(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_once, "BEAT_S", 0.01)
    key = RequestKey("one", "POST /api/assets", "f" * 64)

    def begun_at() -> float:
        with api.farm.database.read() as session:
            return session.scalars(select(IdempotencyRecord.created_at)).one()

    def answer() -> dict[str, Any]:
        age(api, DEAD_AFTER_S + 1)
        long_ago = begun_at()
        wait_for(lambda: begun_at() > long_ago + DEAD_AFTER_S, within_s=30, what="a beat")
        return {"done": True}

    given = answer_once.answer_once(api.farm, Asking(local_org_id(api), "test", key), answer)
    assert not given.replayed


def test_the_client_waits_for_what_is_being_answered() -> None:
    assert may_pass(Conflict("It is being answered.", status=409, code="REQUEST_IN_FLIGHT"))
    assert not may_pass(Conflict("The job has ended.", status=409, code="CONFLICT"))


def test_a_key_counts_for_a_day(api: Api) -> None:
    first = data_of(api.post("/api/videos", VIDEO, Idempotency_Key="one"))["id"]
    age(api, KEPT_S - 60)
    assert data_of(api.post("/api/videos", VIDEO, Idempotency_Key="one"))["id"] == first
    age(api, 61)
    anew = api.post("/api/videos", {"text": "A lake."}, Idempotency_Key="one")
    assert data_of(anew)["id"] != first and not is_replay(anew)
    assert count(api, IdempotencyRecord) == 1


def test_records_that_count_no_longer_are_swept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "SWEPT_AT_ONCE", 2)
    for number in range(5):
        api.post("/api/videos", VIDEO, Idempotency_Key=f"old-{number}")
    assert sweep_records(api.farm.database) == 0
    age(api, KEPT_S + 1)
    api.post("/api/videos", VIDEO, Idempotency_Key="new")
    assert sweep_records(api.farm.database) == 5
    assert count(api, IdempotencyRecord) == 1 and count(api, Job) == 6


def test_constraints_are_told_apart_by_their_names(database: Database) -> None:
    org_id = make_org(database)
    ids = [make_job(database, org_id, [ONE_STEP]) for _ in range(2)]
    with pytest.raises(IntegrityError) as caught, database.begin() as session:
        session.execute(update(Job).where(Job.id.in_(ids)).values(subject_id="product-1"))
    assert violates(caught.value, SUBJECT) and not violates(caught.value, idempotency.UNIQUE)
