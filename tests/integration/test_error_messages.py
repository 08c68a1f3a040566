"""Whatever an error says, and however it says it, its step fails with it: at once, storable, of a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.errors import ProviderRefused
from app.domain.states import JobStatus, Pool, StepStatus
from app.domain.video import VideoInput
from app.models import JobEvent, Step, StepAttempt
from app.models.database import Database
from app.providers.protocols import PictureRequest
from app.services.error_words import MOST_CHARS
from app.services.job_views import JobView, get_job
from tests.farms import make_farm, make_org, submit, work_off
from tests.log_lines import logged

VIDEO = VideoInput(text="The tides.", width_px=64, height_px=64)


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@dataclass
class FailingPainter:
    """Fails with `error`."""

    error: Exception
    name = "failing"
    version = "1"
    pool = Pool.CPU
    is_free = False

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        raise self.error


def failed_with(database: Database, tmp_path: Path, error: Exception) -> JobView:
    """The job after one attempt at its picture."""
    farm = replace(make_farm(database, tmp_path), painter=FailingPainter(error))
    org_id = make_org(database)
    job_id = submit(farm, org_id, VIDEO)
    work_off(farm)
    return get_job(database, org_id, job_id)


@pytest.mark.parametrize("odd", ["\udc80", "\0", "\ud83c \0\0"])
def test_a_message_that_no_database_stores_fails_the_step_at_once(database: Database, tmp_path: Path, odd: str) -> None:
    job = failed_with(database, tmp_path, ProviderRefused(f"It said {odd} and left."))
    assert job.status == JobStatus.FAILED and job.error is not None
    assert job.error.code == "PROVIDER_REFUSED"
    assert job.error.message.startswith("It said \ufffd") and job.error.message.endswith(" and left.")


def test_a_message_of_a_megabyte_is_cut_wherever_it_is_kept(database: Database, tmp_path: Path) -> None:
    with logged() as log:
        job = failed_with(database, tmp_path, ProviderRefused(f"It said {'x' * 1_000_000} and left."))
    assert job.error is not None and len(job.error.message) <= MOST_CHARS
    with database.read() as session:
        kept = [
            *session.scalars(select(Step.error_message).where(Step.error_message.is_not(None))),
            *session.scalars(select(StepAttempt.error_message).where(StepAttempt.error_message.is_not(None))),
            *map(str, session.scalars(select(JobEvent.data))),
            *log.text.splitlines(),
        ]
    assert max(map(len, kept)) < 2 * MOST_CHARS
    assert sum("and left." in text for text in kept) >= 4


def test_an_exception_that_cannot_be_put_into_words_is_named(database: Database, tmp_path: Path) -> None:
    failed_with(database, tmp_path, Mute())
    with database.read() as session:
        step = session.execute(select(Step).where(Step.error_code.is_not(None))).scalar_one()
    assert (step.error_code, step.status) == ("INTERNAL", StepStatus.WAITING)
    assert step.error_message is not None and "Mute" in step.error_message


def test_a_failure_that_cannot_be_stored_is_one_all_the_same_and_is_told(database: Database, tmp_path: Path) -> None:
    odd = ProviderRefused("It has a code that no database stores.")
    odd.code = "ODD\udc80\0"
    with logged() as log:
        failed_with(database, tmp_path, odd)
    with database.read() as session:
        step = session.execute(select(Step).where(Step.error_code.is_not(None))).scalar_one()
    assert (step.error_code, step.status, step.attempt) == ("INTERNAL", StepStatus.WAITING, 1)
    assert log.of("failure_not_stored")
