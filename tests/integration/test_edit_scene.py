"""Editing one scene does what changed again, and nothing else."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import undefer

from app.domain.descent import Relation
from app.domain.errors import Conflict, Gone, InvalidInput, NotFound
from app.domain.revision import Given, Part, SceneEdit
from app.domain.script import Script
from app.domain.video import VideoInput
from app.models import Job
from app.services.asking import Asking
from app.services.assets import store_asset
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.job_views import JobView
from app.services.repeat_job import retry_job
from tests.farms import make_org, submit, work_off
from tests.made_jobs import anew, finished

# Quotes and an abbreviation: read or cut a second time, a text like this comes out otherwise.
TEXT = """# Rivers

Rivers carry rain to the sea, as Dr. Lee said: "They *shape* the valleys." They are never twice the same.

## Deltas

Where a river meets the sea it drops its mud, and a delta grows.

## Ends

In the end all water is sea.
"""
SMALL = VideoInput(text=TEXT, width_px=90, height_px=160, fps=24)
WORDS = SceneEdit(text="A delta is the river's own *map*.")
ALWAYS = {"assemble", "gate"}
PICTURE = {"scene/2/image", "scene/1/clip", "scene/2/clip", *ALWAYS}
SPOKEN = {"scene/2/narration", "scene/2/clip", "soundtrack", *ALWAYS}


@pytest.fixture
def video(farm: Farm, org_id: int) -> JobView:
    return finished(farm, org_id, submit(farm, org_id, SMALL))


def edited(farm: Farm, org_id: int, job: JobView, edit: SceneEdit, number: int = 2) -> JobView:
    return finished(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), job.id, number, edit).job.id)


def outputs_of(farm: Farm, job: JobView, name: str) -> dict[str, str]:
    """The SHA-256 of each output of a step, as the manifest tells them."""
    sha256 = next(output.sha256 for output in job.outputs if output.name == "manifest.json")
    manifest = json.loads(farm.storage.path(sha256).read_text())
    outputs: dict[str, str] = next(step["outputs"] for step in manifest["steps"] if step["name"] == name)
    return outputs


def script_of(farm: Farm, job: JobView) -> Script:
    return Script.from_json(json.loads(farm.storage.path(outputs_of(farm, job, "script")["script.json"]).read_text()))


def upload(farm: Farm, org_id: int, folder: Path) -> str:
    Image.new("RGB", (300, 500), (200, 30, 40)).save(folder / "red.png")
    return store_asset(farm, Asking(org_id, "upload"), folder / "red.png").id


def test_other_words_are_spoken_and_painted_and_no_other_scene_is_touched(
    farm: Farm, org_id: int, video: JobView
) -> None:
    job = edited(farm, org_id, video, WORDS)
    assert anew(farm, org_id, job) == PICTURE | SPOKEN
    assert job.parent is not None
    assert (job.parent.id, job.parent.relation, job.revision) == (video.id, Relation.REVISION, 2)
    assert job.title == video.title
    before, after = (script_of(farm, it) for it in (video, job))
    assert after.scenes[1] == replace(before.scenes[1], text="A delta is the river's own map.")
    assert after == replace(before, scenes=(before.scenes[0], after.scenes[1], before.scenes[2]))
    assert job.steps_summary.adopted == job.steps_summary.total - len(PICTURE | SPOKEN) - 1


def test_other_words_under_an_upload_leave_every_picture_alone(farm: Farm, org_id: int, tmp_path: Path) -> None:
    images = (upload(farm, org_id, tmp_path),) * 3
    job = edited(farm, org_id, finished(farm, org_id, submit(farm, org_id, replace(SMALL, images=images))), WORDS)
    assert anew(farm, org_id, job) == SPOKEN


def test_another_title_is_another_picture_and_no_other_sound(farm: Farm, org_id: int, video: JobView) -> None:
    assert anew(farm, org_id, edited(farm, org_id, video, SceneEdit(title=Given("Mud")))) == PICTURE
    assert anew(farm, org_id, edited(farm, org_id, video, SceneEdit(title=Given(None)))) == PICTURE


def test_a_picture_of_ones_own_comes_and_goes(farm: Farm, org_id: int, video: JobView, tmp_path: Path) -> None:
    own = edited(farm, org_id, video, SceneEdit(image=Given(upload(farm, org_id, tmp_path))))
    assert anew(farm, org_id, own) == PICTURE
    back = edited(farm, org_id, own, SceneEdit(image=Given(None)))
    assert (back.revision, anew(farm, org_id, back)) == (3, {"gate"})
    assert outputs_of(farm, back, "assemble") == outputs_of(farm, video, "assemble")


@pytest.mark.parametrize(("part", "steps"), [(Part.IMAGE, PICTURE), (Part.NARRATION, SPOKEN)])
def test_each_regeneration_gives_what_was_not_there_before(
    farm: Farm, org_id: int, video: JobView, part: Part, steps: set[str]
) -> None:
    # Twice from the same job and once from its revision, which does not know of the second.
    first, second = (edited(farm, org_id, video, SceneEdit(regenerate=(part,))) for _ in range(2))
    third = edited(farm, org_id, first, SceneEdit(regenerate=(part,)))
    jobs = (video, first, second, third)
    assert [anew(farm, org_id, job) for job in jobs[1:]] == [steps] * 3
    made = [json.dumps(outputs_of(farm, job, f"scene/2/{part}")) for job in jobs]
    assert len(set(made)) == 4


def test_each_edit_of_a_video_has_its_own_number_whichever_version_it_is_made_from(
    farm: Farm, org_id: int, video: JobView
) -> None:
    def edit(job_id: str, text: str) -> JobView:
        return edit_scene(farm, Asking(org_id, "edit"), job_id, 2, SceneEdit(text=text)).job

    second, third = edit(video.id, "Mud makes land."), edit(video.id, "Land makes mud.")
    work_off(farm)
    fourth = edit(second.id, "Mud is land to be.")
    again = retry_job(farm, Asking(org_id, "again"), third.id, "gate").job
    work_off(farm)
    fifth = edit(again.id, "Land was mud once.")
    assert [job.revision for job in (video, second, third, fourth, again, fifth)] == [1, 2, 3, 4, 3, 5]
    # Another video counts for itself.
    other = finished(farm, org_id, submit(farm, org_id, SMALL))
    assert edit(other.id, "Mud makes land.").revision == 2


def test_edits_that_arrive_together_get_numbers_and_pictures_of_their_own(
    farm: Farm, org_id: int, video: JobView
) -> None:
    together = 4
    start = threading.Barrier(together)

    def paint_again() -> str:
        start.wait()
        edit = SceneEdit(regenerate=(Part.IMAGE,))
        return edit_scene(farm, Asking(org_id, "edit"), video.id, 2, edit).job.id

    with ThreadPoolExecutor(together) as pool:
        ids = [asked.result() for asked in [pool.submit(paint_again) for _ in range(together)]]
    with farm.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.public_id.in_(ids)).options(undefer(Job.input))).all()
    assert sorted(job.revision for job in jobs) == [2, 3, 4, 5]
    takes = [job.input["script"]["scenes"][1]["image_take"] for job in jobs]
    assert sorted(takes) == [1, 2, 3, 4]


def test_a_revision_can_be_retried_like_any_job(farm: Farm, org_id: int, video: JobView) -> None:
    job = edited(farm, org_id, video, WORDS)
    again = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), job.id, "gate").job.id)
    assert (again.revision, anew(farm, org_id, again)) == (2, {"gate"})


def test_a_job_without_a_script_has_no_scenes_to_edit(farm: Farm, org_id: int) -> None:
    job_id = submit(farm, org_id, SMALL)
    with pytest.raises(Conflict, match="no script yet"):
        edit_scene(farm, Asking(org_id, "edit"), job_id, 1, WORDS)
    # The rest of the video need not be there.
    work_off(farm, steps=1)
    assert edit_scene(farm, Asking(org_id, "edit"), job_id, 1, WORDS).job.revision == 2


def test_a_script_that_storage_has_lost_is_gone_until_a_retry_makes_it_anew(
    farm: Farm, org_id: int, video: JobView
) -> None:
    farm.storage.path(outputs_of(farm, video, "script")["script.json"]).unlink()
    with pytest.raises(Gone, match="retry or restart"):
        edited(farm, org_id, video, WORDS)
    anew = finished(farm, org_id, retry_job(farm, Asking(org_id, "again"), video.id, "gate").job.id)
    edited(farm, org_id, anew, WORDS)


def test_what_cannot_be_edited_is_refused_by_name(farm: Farm, org_id: int, video: JobView, tmp_path: Path) -> None:
    asset = upload(farm, org_id, tmp_path)
    same = "In the end all water is sea."
    refusals = {
        "text": [SceneEdit(text=""), SceneEdit(text="```\ncode\n```"), SceneEdit(text="One word more. " * 100)],
        "image": [SceneEdit(image=Given("ast_none"))],
        "regenerate": [SceneEdit(image=Given(asset), regenerate=(Part.IMAGE,))],
        "body": [SceneEdit(), SceneEdit(text=same), SceneEdit(image=Given(None))],
    }
    for field, edits in refusals.items():
        for edit in edits:
            with pytest.raises(InvalidInput) as refused:
                edit_scene(farm, Asking(org_id, "edit"), video.id, 3, edit)
            assert refused.value.field == field
    for number in (0, 4):
        with pytest.raises(NotFound):
            edit_scene(farm, Asking(org_id, "edit"), video.id, number, WORDS)
    with pytest.raises(NotFound):
        edit_scene(farm, Asking(make_org(farm.database, "strangers"), "edit"), video.id, 1, WORDS)
