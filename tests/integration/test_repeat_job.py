"""Retry and restart: a new job that takes over what still holds, while the old one stays as it was."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.descent import Relation
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.states import JobStatus
from app.domain.video import SceneInput, VideoInput
from app.models import Job, Step
from app.models.database import Database
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from app.services.repeat_job import restart_job, retry_job
from app.services.steps.narration import SOUND
from tests.farms import make_farm, make_org, submit, work_off
from tests.fickle_painter import FicklePainter

SCENES = tuple(SceneInput(f"This is scene {name}.") for name in ("one", "two", "three"))
SMALL = VideoInput(scenes=SCENES, width_px=90, height_px=160, fps=24)


@pytest.fixture
def painter() -> FicklePainter:
    return FicklePainter()


@pytest.fixture
def farm(database: Database, tmp_path: Path, painter: FicklePainter) -> Farm:
    return replace(make_farm(database, tmp_path), painter=painter)


def steps_of(farm: Farm, job_id: str) -> dict[str, Step]:
    with farm.database.read() as session:
        rows = session.scalars(select(Step).join(Job, Job.id == Step.job_id).where(Job.public_id == job_id))
        return {step.name: step for step in rows}


def picture_of(farm: Farm, job_id: str, number: int) -> str:
    outputs = steps_of(farm, job_id)[f"scene/{number}/image"].outputs
    assert outputs is not None
    return str(outputs["picture.jpg"]["sha256"])


def finished(farm: Farm, org_id: int, job_id: str) -> JobView:
    work_off(farm)
    return get_job(farm.database, org_id, job_id)


def test_a_retry_takes_over_what_was_finished_and_does_the_rest(
    farm: Farm, org_id: int, painter: FicklePainter
) -> None:
    painter.refuses = {2}
    failed = finished(farm, org_id, submit(farm, org_id, SMALL))
    assert failed.status == JobStatus.FAILED
    painter.refuses = set()
    done_before = {name for name, step in steps_of(farm, failed.id).items() if step.status == "succeeded"}

    retried = retry_job(farm, Asking(org_id, "again"), failed.id).job
    assert retried.parent is not None
    assert (retried.parent.id, retried.parent.relation, retried.revision) == (failed.id, Relation.RETRY, 1)
    job = finished(farm, org_id, retried.id)
    assert job.status == JobStatus.SUCCEEDED
    assert {name for name, step in steps_of(farm, job.id).items() if step.adopted} == done_before
    assert job.steps_summary.adopted == len(done_before)
    assert replace(get_job(farm.database, org_id, failed.id), seen_at=failed.seen_at) == failed


def test_what_was_cut_short_in_storage_fails_its_job_and_is_made_again_by_a_retry(farm: Farm, org_id: int) -> None:
    first = submit(farm, org_id, SMALL)
    narration = "scene/1/narration"
    while narration not in (steps := steps_of(farm, first)) or steps[narration].outputs is None:
        assert work_off(farm, steps=1) == 1
    sound = farm.storage.path(steps[narration].outputs[SOUND]["sha256"])
    whole = sound.read_bytes()
    os.truncate(sound, 0)

    failed = finished(farm, org_id, first)
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == (
        "BAD_MEDIA",
        "The speech of line 1 is damaged or cut short.",
    )
    job = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), first).job.id)
    assert job.status == JobStatus.SUCCEEDED
    assert narration in made_by(farm, job.id)
    assert sound.read_bytes() == whole


def test_from_a_step_on_it_is_done_anew_and_what_came_before_is_kept(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    job = retry_job(farm, Asking(org_id, "again"), first.id, "scene/2/image").job
    assert finished(farm, org_id, job.id).status == JobStatus.SUCCEEDED
    steps = steps_of(farm, job.id)
    anew = {"scene/2/image", "scene/1/clip", "scene/2/clip", "assemble", "gate"}
    assert {name for name, step in steps.items() if step.fresh} == anew
    assert {name for name, step in steps.items() if not step.adopted} == anew
    kept = [picture_of(farm, job.id, number) == picture_of(farm, first.id, number) for number in (1, 2, 3)]
    assert kept == [True, False, True]


def test_a_result_that_was_made_anew_is_the_one_that_is_remembered(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    anew = retry_job(farm, Asking(org_id, "again"), first.id, "scene/1/image").job
    work_off(farm)
    same = finished(farm, org_id, submit(farm, org_id, SMALL))
    assert picture_of(farm, same.id, 1) == picture_of(farm, anew.id, 1) != picture_of(farm, first.id, 1)


def test_from_the_script_on_is_everything(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    job = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), first.id, "script").job.id)
    assert (job.steps_summary.adopted, job.status) == (0, JobStatus.SUCCEEDED)


def test_a_restart_takes_over_nothing(farm: Farm, org_id: int, painter: FicklePainter) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    job = finished(farm, org_id, restart_job(farm, Asking(org_id, "again"), first.id).job.id)
    assert (job.steps_summary.adopted, job.status) == (0, JobStatus.SUCCEEDED)
    assert job.parent is not None and job.parent.relation == Relation.RESTART
    assert len(painter.painted) == 2 * len(SCENES)


def made_by(farm: Farm, job_id: str) -> set[str]:
    """The job's steps that were done and not taken over."""
    return {name for name, step in steps_of(farm, job_id).items() if step.status == "succeeded" and not step.adopted}


def cut_short(farm: Farm, org_id: int, painter: FicklePainter, job: JobView, number: int) -> JobView:
    """The job, in which the picture of scene `number` fails, at its end."""
    painter.refuses = {number}
    failed = finished(farm, org_id, job.id)
    painter.refuses = set()
    assert failed.status == JobStatus.FAILED
    return failed


def test_a_retry_of_an_unfinished_restart_makes_the_rest_anew_and_nothing_twice(
    farm: Farm, org_id: int, painter: FicklePainter
) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    restarted = restart_job(farm, Asking(org_id, "again"), first.id).job
    cut_short(farm, org_id, painter, restarted, 2)
    # The second time it fails one picture later: what is inherited is handed down.
    second = retry_job(farm, Asking(org_id, "again"), restarted.id).job
    cut_short(farm, org_id, painter, second, 3)
    last = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), second.id).job.id)
    assert last.status == JobStatus.SUCCEEDED
    made = [made_by(farm, job.id) for job in (restarted, second, last)]
    assert made[0] and made[1] and not made[0] & made[1] and not made[1] & made[2] and not made[0] & made[2]
    assert set.union(*made) == set(steps_of(farm, first.id))
    assert len(painter.painted) == 2 * len(SCENES)
    assert all(picture_of(farm, last.id, number) != picture_of(farm, first.id, number) for number in (1, 2, 3))


def test_a_retry_of_an_unfinished_retry_from_a_step_keeps_its_wish(
    farm: Farm, org_id: int, painter: FicklePainter
) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    anew = retry_job(farm, Asking(org_id, "again"), first.id, "scene/2/image").job
    cut_short(farm, org_id, painter, anew, 2)
    last = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), anew.id).job.id)
    assert made_by(farm, last.id) == {"scene/2/image", "scene/1/clip", "scene/2/clip", "assemble", "gate"}


def test_a_wish_that_was_fulfilled_is_not_handed_down(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    restarted = restart_job(farm, Asking(org_id, "again"), first.id).job
    work_off(farm)
    last = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), restarted.id, "gate").job.id)
    assert made_by(farm, last.id) == {"gate"}
    # Nor does what a step was made anew for once count for another wish.
    again = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), last.id, "assemble").job.id)
    assert made_by(farm, again.id) == {"assemble", "gate"}


def test_the_parents_own_pictures_count_before_newer_ones_of_the_same_request(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    restarted = restart_job(farm, Asking(org_id, "again"), first.id).job
    work_off(farm)
    job = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), first.id, "scene/3/narration").job.id)
    assert picture_of(farm, job.id, 1) == picture_of(farm, first.id, 1) != picture_of(farm, restarted.id, 1)


def canceled_at_once(farm: Farm, org_id: int, job: JobView) -> JobView:
    """The job, ended before any of its steps began."""
    ended = cancel_job(farm.database, Asking(org_id, "cancel"), job.id)
    work_off(farm)
    return ended


def test_a_retry_of_a_retry_that_came_to_nothing_shows_the_first_videos_pictures(farm: Farm, org_id: int) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    newer = restart_job(farm, Asking(org_id, "again"), first.id).job
    work_off(farm)
    last = retry_job(farm, Asking(org_id, "again"), first.id, "scene/1/image").job
    for _ in range(2):
        last = retry_job(farm, Asking(org_id, "again"), canceled_at_once(farm, org_id, last).id).job
    assert finished(farm, org_id, last.id).status == JobStatus.SUCCEEDED
    kept = [picture_of(farm, last.id, number) == picture_of(farm, first.id, number) for number in (1, 2, 3)]
    assert kept == [False, True, True]
    assert picture_of(farm, last.id, 1) != picture_of(farm, newer.id, 1)


def test_what_an_unfinished_restart_has_made_is_not_made_again_after_a_retry_that_came_to_nothing(
    farm: Farm, org_id: int, painter: FicklePainter
) -> None:
    first = finished(farm, org_id, submit(farm, org_id, SMALL))
    restarted = restart_job(farm, Asking(org_id, "again"), first.id).job
    cut_short(farm, org_id, painter, restarted, 2)
    last = retry_job(farm, Asking(org_id, "again"), restarted.id).job
    for _ in range(2):
        last = retry_job(farm, Asking(org_id, "again"), canceled_at_once(farm, org_id, last).id).job
    assert finished(farm, org_id, last.id).status == JobStatus.SUCCEEDED
    assert not made_by(farm, last.id) & made_by(farm, restarted.id)
    assert made_by(farm, last.id) | made_by(farm, restarted.id) == set(steps_of(farm, first.id))


def test_a_canceled_job_can_be_retried_and_keeps_its_labels_and_priority(farm: Farm, org_id: int) -> None:
    job_id = submit(farm, org_id, SMALL)
    cancel_job(farm.database, Asking(org_id, "cancel"), job_id)
    with farm.database.begin() as session:
        job = session.execute(select(Job).where(Job.public_id == job_id)).scalar_one()
        job.labels, job.priority = {"customer": "42"}, 5
    retried = retry_job(farm, Asking(org_id, "again"), job_id).job
    assert (retried.labels, retried.priority, retried.correlation_id) == ({"customer": "42"}, 5, "again")


def test_a_transition_that_makes_no_sense_is_refused_with_the_reason(farm: Farm, org_id: int) -> None:
    live = submit(farm, org_id, SMALL)
    for act in (retry_job, restart_job):
        with pytest.raises(Conflict, match="queued still"):
            act(farm, Asking(org_id, "again"), live)
    work_off(farm)
    with pytest.raises(Conflict, match="from_step"):
        retry_job(farm, Asking(org_id, "again"), live)
    with pytest.raises(NotFound):
        restart_job(farm, Asking(make_org(farm.database, "strangers"), "again"), live)


def test_an_unknown_step_is_refused_with_the_names_that_come_near(farm: Farm, org_id: int) -> None:
    job = finished(farm, org_id, submit(farm, org_id, SMALL))
    with pytest.raises(InvalidInput) as refused:
        retry_job(farm, Asking(org_id, "again"), job.id, "scene/9/image")
    assert refused.value.field == "from_step"
    assert "scene/2/image" in refused.value.details["near"]
