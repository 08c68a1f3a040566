"""A secret inside an error text is seen nowhere: not in logs, events, answers or the audit log, nor in the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select, text, update

from app.api.answers import PROBLEM_JSON
from app.domain.states import StepStatus
from app.domain.video import VideoInput
from app.models import Job, Step
from app.models.database import Database, now_s
from app.providers.openai_writer import OpenAIWriter
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.recover import recover
from tests.api_server import Api, data_of, local_org_id, serve
from tests.careless_painter import CarelessPainter
from tests.chat_vendor import Answer, ChatVendor
from tests.farms import submit, work_off
from tests.log_lines import LogLines, logged

SECRETS = {
    "a provider's key": "sk-proj-Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OQ",
    "a webhook's secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "a key of ours": "sw_live_0123456789ab_0123456789012345678901234567890123456789_01234567",
    "a session": "sceneworks_session=Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OQ",
}
# What must not be seen of each: its end, for the front says what kind it is.
ENDS = [secret[-16:] for secret in SECRETS.values()]
ANSWER = Answer(json.dumps({"error": {"message": f"Incorrect: {' '.join(SECRETS.values())}"}}).encode(), 401)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def vendor() -> Iterator[ChatVendor]:
    with ChatVendor() as vendor:
        vendor.answer = ANSWER
        yield vendor


@pytest.fixture
def log() -> Iterator[LogLines]:
    with logged() as lines:
        yield lines


def has_secret(told: str) -> list[str]:
    return [end for end in ENDS if end in told]


def books(database: Database) -> str:
    """All that is stored of jobs and acts, as text."""
    tables = ("jobs", "steps", "step_attempts", "job_events", "audit_log")
    with database.read() as session:
        return "\n".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))


def work_to_the_end(farm: Farm, database: Database) -> None:
    """Every attempt, as if every wait were over."""
    while True:
        work_off(farm)
        with database.begin() as session:
            if session.scalar(select(Job.id).where(Job.finished_at.is_(None))) is None:
                return
            session.execute(update(Step).where(Step.status == StepStatus.WAITING).values(resume_at=now_s()))
        recover(database)
        dispatch(database, farm.bell)


@pytest.mark.parametrize("how", ["by our adapter", "by a careless one", "by one that crashes"])
def test_what_a_vendor_quotes_in_its_error_is_seen_nowhere(
    api: Api, vendor: ChatVendor, log: LogLines, how: str
) -> None:
    if how == "by our adapter":
        writer = OpenAIWriter(api_key=SECRETS["a provider's key"], model="m", base_url=vendor.url)
        farm = replace(api.farm, writer=writer)
        job = submit(farm, local_org_id(api), VideoInput(prompt="The tides", width_px=64, height_px=64))
    else:
        farm = replace(api.farm, painter=CarelessPainter(vendor.url, foreseen=how == "by a careless one"))
        job = submit(farm, local_org_id(api), VideoInput(text="The tides.", width_px=64, height_px=64))
    work_to_the_end(farm, farm.database)
    shown = data_of(api.get(f"/api/jobs/{job}"))
    assert shown["status"] == "failed" and vendor.asked
    said = [
        json.dumps(shown),
        api.get(f"/api/jobs/{job}/steps").data.decode(),
        api.get(f"/api/jobs/{job}/events").data.decode(),
        api.get("/api/jobs").data.decode(),
        log.text,
        books(farm.database),
    ]
    assert [has_secret(told) for told in said] == [[]] * len(said)
    assert log.of("step_failed")
    if how != "by our adapter":
        # What is no secret is told: the rest of the answer helps whoever reads it.
        assert "sk-proj-[redacted]" in shown["error"]["message"] and "whsec_[redacted]" in said[2]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("headers", [{}, {"Accept": PROBLEM_JSON}], ids=["envelope", "problem"])
def test_a_secret_that_a_caller_sends_by_mistake_is_not_said_back(
    api: Api, log: LogLines, secret: str, headers: dict[str, str]
) -> None:
    # The one thing of a request that an error repeats is the name of a field.
    answers = [
        api.post("/api/videos", {"text": "A river.", secret: 1}, **headers),
        api.ask("GET", f"/api/jobs?{quote(secret)}=1", headers=headers),
    ]
    assert [answer.status for answer in answers] == [422, 422]
    for answer in answers:
        assert "[redacted]" in answer.data.decode()
        assert has_secret(answer.data.decode()) == []
        assert (answer.headers["Content-Type"] == PROBLEM_JSON) == bool(headers)
    assert has_secret(log.text) == []


def test_what_nobody_foresaw_is_told_to_the_log_alone_and_without_the_secret(api: Api, log: LogLines) -> None:
    job_id = api.accept()["id"]
    # As a damaged disk might leave the row: the view of the job stumbles over it, and quotes it.
    with api.farm.database.begin() as session:
        session.execute(update(Job).values(status=" ".join(SECRETS.values())))
    for headers in ({}, {"Accept": PROBLEM_JSON}):
        answer = api.get(f"/api/jobs/{job_id}", **headers)
        assert (answer.status, has_secret(answer.data.decode())) == (500, [])
    assert has_secret(log.text) == [] and len(log.of("request_failed")) == 2
    assert "whsec_[redacted]" in log.text


def test_the_reasons_that_people_give_are_kept_without_their_secrets(api: Api, log: LogLines) -> None:
    job_id = api.accept()["id"]
    reason = f"The receiver says {' '.join(SECRETS.values())}."
    api.post("/api/admin/pools/cpu/pause", {"reason": reason})
    api.post("/api/admin/jobs/force-stop-all", {"confirm": True, "reason": reason})
    told = [api.get(path).data.decode() for path in ("/api/audit", f"/api/jobs/{job_id}/events")]
    assert all("whsec_[redacted]" in text_ for text_ in told)
    assert [has_secret(text_) for text_ in (*told, books(api.farm.database), log.text)] == [[]] * 4
