"""A caller that is told exactly what the farm answered, and that looks at what came of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

import urllib3
from sqlalchemy import func, select

from app.client import Job
from app.domain.states import TERMINAL_JOB_STATUSES, JobStatus
from app.models import Job as JobRow
from app.models import Step, StepAttempt
from tests.real_farm import RealFarm

ANSWER_WITHIN_S = 60.0


def ask_for_video(farm: RealFarm, text: str = "Hello.", key: str | None = None) -> urllib3.BaseHTTPResponse:
    """POST a tiny video, once, under an `Idempotency-Key` of its own or the one given. What is promised is noted."""
    answer = urllib3.request(
        "POST",
        f"{farm.url}/api/videos",
        body=json.dumps({"text": text, "size": "64x64"}),
        headers={
            "Authorization": f"Bearer {farm.settings.local_key_file.read_text().strip()}",
            "Content-Type": "application/json",
            "Idempotency-Key": key or uuid.uuid4().hex,
        },
        retries=False,
        timeout=ANSWER_WITHIN_S,
    )
    if answer.status == 202:
        farm.accepted.append(job_id_of(answer))
    return answer


def job_id_of(answer: urllib3.BaseHTTPResponse) -> str:
    """The job that an answer promises; it must promise one."""
    assert answer.status == 202, answer.data
    return str(answer.json()["data"]["id"])


def check_refusal(answer: urllib3.BaseHTTPResponse) -> None:
    """An answer that promises nothing and says when to come back."""
    assert answer.status == 503, answer.data
    assert int(answer.headers["Retry-After"]) > 0
    body = answer.json()
    assert (body["ok"], body["error_code"]) == (False, "SERVICE_UNAVAILABLE")


def check_all_done_at_once(farm: RealFarm, jobs: Iterable[Job], within_s: float = 120.0) -> None:
    """Every job has succeeded, and every step at its first attempt."""
    assert {farm.finished(job, within_s).status for job in jobs} == {JobStatus.SUCCEEDED}, farm.log()
    with farm.database.read() as session:
        assert set(session.scalars(select(StepAttempt.outcome))) <= {"succeeded", "adopted"}
        assert set(session.scalars(select(Step.token))) == {1}


def live_jobs(farm: RealFarm) -> int:
    with farm.database.read() as session:
        return session.scalar(select(func.count()).where(JobRow.status.not_in(TERMINAL_JOB_STATUSES))) or 0
