"""What a revision is likely to adopt is looked up where nothing renders; what is new goes on to its own pool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from app.domain.revision import SceneEdit
from app.domain.states import Pool
from app.domain.video import VideoInput
from app.models import Job, Step, StepAttempt
from app.services.asking import Asking
from app.services.audit import audit
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.repeat_job import restart_job
from app.services.run_step import run_step
from app.storage.local import LocalStorage
from tests.farms import SteadyHeartbeat, work_off
from tests.log_lines import logged
from tests.made_jobs import finished, made

TEXT = "# One\n\nThe first is short.\n\n# Two\n\nSo is the second.\n\n# Three\n\nAnd the third."
VIDEO = VideoInput(text=TEXT, width_px=90, height_px=160, fps=24)
RENDERED = {"scene/1/clip", "scene/2/clip", "scene/3/clip"}


def steps_of(farm: Farm, public_id: str) -> dict[str, Step]:
    with farm.database.read() as session:
        rows = session.scalars(select(Step).join(Job).where(Job.public_id == public_id)).all()
        return {step.name: step for step in rows}


def outcomes(farm: Farm, step: Step) -> list[str | None]:
    with farm.database.read() as session:
        attempts = select(StepAttempt.outcome).where(StepAttempt.step_id == step.id).order_by(StepAttempt.token)
        return list(session.scalars(attempts))


def edited(farm: Farm, org_id: int, parent: str) -> str:
    """A revision with another text for scene 3, of which nothing but the script is done."""
    accepted = edit_scene(farm, Asking(org_id, "test"), parent, 3, SceneEdit(text="The third has changed."))
    work_off(farm, steps=1)
    return accepted.job.id


def test_an_untouched_clip_takes_no_slot_of_the_pool_that_renders(farm: Farm, org_id: int) -> None:
    parent = made(farm, org_id, VIDEO)
    assert all(step.work_pool is None for step in steps_of(farm, parent.id).values())
    revision = edited(farm, org_id, parent.id)
    planned = steps_of(farm, revision)
    assert {name for name, step in planned.items() if step.work_pool == Pool.CPU} >= RENDERED
    assert all(step.pool == Pool.IO for step in planned.values() if step.work_pool)
    assert planned["gate"].work_pool is None
    finished(farm, org_id, revision)
    done = steps_of(farm, revision)
    untouched, changed = done["scene/1/clip"], done["scene/3/clip"]
    assert (untouched.pool, untouched.adopted, outcomes(farm, untouched)) == (Pool.IO, True, ["adopted"])
    assert (changed.pool, changed.work_pool, changed.adopted) == (Pool.CPU, None, False)
    assert (changed.attempt, outcomes(farm, changed)) == (1, ["passed_on", "succeeded"])
    assert audit(farm.database, farm.storage) == []


def test_what_is_to_be_made_anew_goes_to_its_own_pool_at_once(farm: Farm, org_id: int) -> None:
    parent = made(farm, org_id, VIDEO)
    restarted = restart_job(farm, Asking(org_id, "test"), parent.id).job.id
    finished(farm, org_id, restarted)
    assert all(step.work_pool is None and not step.adopted for step in steps_of(farm, restarted).values())


def test_a_worker_that_cannot_even_look_passes_the_step_on(farm: Farm, org_id: int, tmp_path: Path) -> None:
    parent = made(farm, org_id, VIDEO)
    revision = edited(farm, org_id, parent.id)
    # Not the storage that the farm's workers share: the words of the narration are not there.
    elsewhere = replace(farm, storage=LocalStorage(tmp_path / "elsewhere"))
    with farm.database.read() as session:
        clip = session.scalars(
            select(Step).join(Job).where(Job.public_id == revision, Step.name == "scene/1/clip")
        ).one()
    while steps_of(farm, revision)["scene/1/clip"].status == "blocked":
        work_off(farm, steps=1)
    with logged() as log:
        run_step(elsewhere, SteadyHeartbeat(), clip.id, "worker-2")
    assert (len(log.of("step_not_looked_up")), len(log.of("step_passed_on")), log.of("step_done")) == (1, 1, [])
    assert outcomes(farm, clip) == ["passed_on"]
    finished(farm, org_id, revision)
    # Adopted where the clips are made, after all.
    assert outcomes(farm, clip) == ["passed_on", "adopted"]
