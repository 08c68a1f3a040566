"""What becomes of jobs is told to who listens: in the very transaction, once, and as the catalogue says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import func, select, update

from app.domain.errors import BadMedia
from app.domain.plan import StepPlan
from app.domain.states import JobKind, JobStatus, Pool
from app.domain.video import VideoInput
from app.domain.webhook_body import MOST_BYTES, body_of
from app.domain.webhook_events import CATALOGUE, DEFAULT_TYPES
from app.models import Job, Step, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.bulk import force_stop_all
from app.services.cancel_job import cancel_job
from app.services.farm import Farm
from app.services.job_log import end_job, lock_job, record
from app.services.webhook_manual import replay_missing
from app.services.webhook_messages import tell_about_endpoint
from app.services.webhook_progress import EVERY_S, tell_progress
from tests.farms import claim, finish, make_farm, make_job, make_org
from tests.made_jobs import made
from tests.made_messages import make_endpoint, told, types

ONE_STEP = StepPlan("assemble", "video.assemble", Pool.IO)
TWO_STEPS = [ONE_STEP, StepPlan("gate", "video.gate", Pool.IO)]
TEXT = VideoInput(text="A river runs to the sea.", width_px=64, height_px=64, fps=10, title="The river")


@pytest.fixture
def farm(database: Database, tmp_path: Path) -> Farm:
    return make_farm(database, tmp_path)


def holds(database: Database, endpoint_id: int) -> bool:
    """Whether every message has its type's schema, and formats are what they say."""
    for message in told(database, endpoint_id):
        body = {"type": message.type, "timestamp": message.timestamp, "data": message.data}
        Draft202012Validator(
            CATALOGUE[message.type].schema, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(body)
    return True


def test_a_video_is_told_from_its_request_to_its_files(farm: Farm) -> None:
    org_id = make_org(farm.database)
    endpoint = make_endpoint(farm.database, org_id)
    job = made(farm, org_id, TEXT)
    messages = told(farm.database, endpoint)
    assert [message.type for message in messages] == ["video.queued", "video.started", "video.succeeded"]
    assert [message.data["status"] for message in messages] == ["queued", "running", "succeeded"]
    assert holds(farm.database, endpoint)
    last = messages[-1].data
    assert (last["id"], last["progress"], last["title"]) == (job.id, 100, "The river")
    assert {output["name"] for output in last["outputs"]} == {output.name for output in job.outputs} != set()
    assert all(b" " not in message.raw.partition(b'"title"')[0] for message in messages)


def test_every_example_of_the_catalogue_has_its_schema() -> None:
    for type_ in CATALOGUE.values():
        Draft202012Validator.check_schema(type_.schema)
        Draft202012Validator(type_.schema).validate(type_.example_body)


def test_a_failure_says_why_and_comes_once(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [ONE_STEP])
    endpoint = make_endpoint(database, org_id)
    with database.begin() as session:
        job = lock_job(session, job_id)
        end_job(session, job, JobStatus.FAILED, 1000.0, BadMedia("The music cannot be read: sk-proj-abcdefghijkl"))
    (message,) = told(database, endpoint)
    error = message.data["error"]
    assert (message.type, error["code"], error["retryable"]) == ("video.failed", "BAD_MEDIA", False)
    assert "abcdefghijkl" not in message.raw.decode()
    assert holds(database, endpoint)


def test_a_cancel_is_told_once_with_its_reason(farm: Farm) -> None:
    org_id = make_org(farm.database)
    job_id = make_job(farm.database, org_id, [ONE_STEP])
    endpoint = make_endpoint(farm.database, org_id)
    with farm.database.read() as session:
        public_id = session.execute(select(Job.public_id).where(Job.id == job_id)).scalar_one()
    for _ in range(2):
        cancel_job(farm.database, Asking(org_id, "test"), public_id)
    assert [(message.type, message.data["reason"]) for message in told(farm.database, endpoint)] == [
        ("video.canceled", None)
    ]
    make_job(farm.database, org_id, [ONE_STEP])
    force_stop_all(farm.database, Asking(org_id, "test"), "the wrong music")
    assert told(farm.database, endpoint)[-1].data["reason"] == "the wrong music"
    assert holds(farm.database, endpoint)


def test_a_stuck_step_is_told(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [ONE_STEP])
    endpoint = make_endpoint(database, org_id)
    with database.begin() as session:
        record(session, lock_job(session, job_id), "step.stuck", 1000.0, step="assemble", reason="ready_unrung")
    (message,) = told(database, endpoint)
    assert (message.data["step"], message.data["reason"]) == ("assemble", "ready_unrung")
    assert holds(database, endpoint)


def test_a_wait_says_until_when(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [ONE_STEP])
    endpoint = make_endpoint(database, org_id)
    with database.begin() as session:
        job = lock_job(session, job_id)
        record(session, job, "video.waiting", 1000.0, reason="closed_hours", resume_at=2000.0)
        record(session, job, "video.resumed", 2000.0)
    (message,) = told(database, endpoint)
    assert message.data["waiting"] == {"reason": "closed_hours", "resume_at": "1970-01-01T00:33:20.000Z"}


def test_what_is_taken_back_is_told_to_nobody(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [ONE_STEP])
    endpoint = make_endpoint(database, org_id)
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        record(session, lock_job(session, job_id), "step.stuck", 1000.0, step="assemble", reason="ready_unrung")
        raise ZeroDivisionError
    assert told(database, endpoint) == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(WebhookMessage)) == 0


def test_each_gets_what_it_asked_for(database: Database) -> None:
    org_id, other = make_org(database), make_org(database, "others")
    job_id = make_job(database, org_id, [ONE_STEP])
    everything = make_endpoint(database, org_id)
    ends = make_endpoint(database, org_id, ["video.succeeded", "video.failed"])
    nothing = make_endpoint(database, org_id, [])
    disabled = make_endpoint(database, org_id, disabled_at=1.0, disabled_reason="asked")
    deleted = make_endpoint(database, org_id, deleted_at=1.0)
    strange = make_endpoint(database, other)
    finish(database, claim(database, first_step(database, job_id)))
    assert types(database, everything) == ["video.started", "video.succeeded"]
    assert types(database, ends) == ["video.succeeded"]
    assert [types(database, one) for one in (nothing, disabled, deleted, strange)] == [[], [], [], []]
    ids = {message.id for one in (everything, ends) for message in told(database, one)}
    assert len(ids) == 2


def test_what_a_disabled_endpoint_misses_is_kept_for_it(farm: Farm) -> None:
    database, org_id = farm.database, make_org(farm.database)
    job_id = make_job(database, org_id, [ONE_STEP])
    endpoint = make_endpoint(database, org_id, disabled_at=1.0, disabled_reason="gone")
    finish(database, claim(database, first_step(database, job_id)))
    assert types(database, endpoint) == []
    with database.begin() as session:
        row = session.get_one(WebhookEndpoint, endpoint)
        row.disabled_at = row.disabled_reason = None
        public_id, since = row.public_id, database_now_s(session) - 60
    assert replay_missing(farm, Asking(org_id, "test"), public_id, since).sent == 2
    assert types(database, endpoint) == ["video.started", "video.succeeded"]


def test_without_anybody_who_listens_nothing_is_written(database: Database) -> None:
    org_id = make_org(database)
    make_endpoint(database, org_id, ["endpoint.disabled"])
    job_id = make_job(database, org_id, [ONE_STEP])
    finish(database, claim(database, first_step(database, job_id)))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(WebhookMessage)) == 0
        assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 0


def test_the_farms_own_canaries_are_told_to_nobody(farm: Farm) -> None:
    org_id = make_org(farm.database)
    job_id = make_job(farm.database, org_id, [ONE_STEP])
    endpoint = make_endpoint(farm.database, org_id)
    with farm.database.begin() as session:
        session.execute(update(Job).where(Job.id == job_id).values(kind=JobKind.CANARY))
    with farm.database.begin() as session:
        record(session, lock_job(session, job_id), "step.stuck", 1000.0, step="assemble", reason="ready_unrung")
    finish(farm.database, claim(farm.database, first_step(farm.database, job_id)))
    assert told(farm.database, endpoint) == []


def test_an_endpoint_is_told_of_the_others_and_never_of_itself(database: Database) -> None:
    org_id = make_org(database)
    failing, other = make_endpoint(database, org_id), make_endpoint(database, org_id)
    with database.begin() as session:
        endpoint = session.get_one(WebhookEndpoint, failing)
        tell_about_endpoint(session, endpoint, "endpoint.disabled", 1000.0, reason="gone")
        public_id = endpoint.public_id
    assert told(database, failing) == []
    (message,) = told(database, other)
    assert (message.data["endpoint"]["id"], message.data["reason"]) == (public_id, "gone")
    assert holds(database, other)


def test_progress_is_told_to_who_asks_and_at_most_each_ten_seconds(database: Database) -> None:
    org_id = make_org(database)
    by_default, asking = make_endpoint(database, org_id), make_endpoint(database, org_id, ["video.progress"])
    assert "video.progress" not in DEFAULT_TYPES
    job_id = make_job(database, org_id, TWO_STEPS)
    finish(database, claim(database, first_step(database, job_id)))
    assert tell_progress(database) == 0
    age(database, job_id, EVERY_S + 1)
    assert tell_progress(database) == 1
    assert tell_progress(database) == 0
    (message,) = told(database, asking)
    assert 0 < message.data["progress"] < 100
    assert "video.progress" not in types(database, by_default)
    # It has not got on since.
    with database.begin() as session:
        session.execute(update(WebhookMessage).values(created_at=WebhookMessage.created_at - EVERY_S))
        session.execute(update(Job).values(updated_at=Job.updated_at - 100))
    assert tell_progress(database) == 0


def first_step(database: Database, job_id: int) -> int:
    with database.read() as session:
        return session.scalars(select(Step.id).where(Step.job_id == job_id).order_by(Step.id)).first() or 0


def age(database: Database, job_id: int, by_s: float) -> None:
    with database.begin() as session:
        session.execute(update(Job).where(Job.id == job_id).values(started_at=Job.started_at - by_s))


def test_what_is_too_large_is_cut() -> None:
    body = body_of("video.queued", {"id": "vid_a", "title": "t", "metadata": {"note": "x" * 30_000}}, 0.0)
    assert json.loads(body)["data"] == {"id": "vid_a", "title": "t", "metadata": {}}
    body = body_of("step.stuck", {"job": {"metadata": {"note": "x" * 30_000}}, "reason": "y" * 30_000}, 0.0)
    assert len(body) < MOST_BYTES
    with pytest.raises(ValueError, match="a webhook.test of"):
        body_of("webhook.test", {str(number): "x" * 100 for number in range(1000)}, 0.0)
