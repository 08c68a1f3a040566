"""Videos whose scenes name a Python effect: adopted while its code is the same, refused or failed with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.effects import Effect
from app.domain.errors import InvalidInput
from app.domain.revision import Given, SceneEdit
from app.domain.states import JobStatus
from app.domain.video import SceneInput, VideoInput
from app.models.database import Database
from app.services.asking import Asking
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from tests.api_server import Api, error_of, serve
from tests.farms import make_farm, make_org, submit, work_off
from tests.integration.test_effects import RED, written
from tests.made_jobs import anew
from tests.made_jobs import finished as succeeded

SCENES = (SceneInput("One scene."), SceneInput("Another scene.", effect=Effect("red", {"level": 90})))
VIDEO = VideoInput(scenes=SCENES, width_px=180, height_px=320)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "effects").mkdir()
    return tmp_path / "effects"


@pytest.fixture
def farm(database: Database, tmp_path: Path, folder: Path) -> Farm:
    return replace(make_farm(database, tmp_path), effects=written(folder, "red", RED))


def finished(farm: Farm, org_id: int, video: VideoInput = VIDEO) -> dict[str, Any]:
    """The manifest's steps by name."""
    job = ended(farm, org_id, video)
    assert job.status == JobStatus.SUCCEEDED, job.error
    found = next(output.sha256 for output in job.outputs if output.name == "manifest.json")
    manifest = json.loads(farm.storage.path(found).read_text())
    return {step["name"]: step for step in manifest["steps"]}


def ended(farm: Farm, org_id: int, video: VideoInput) -> JobView:
    job_id = submit(farm, org_id, video)
    work_off(farm)
    return get_job(farm.database, org_id, job_id)


def test_a_video_with_an_effect_is_adopted_until_its_code_changes(farm: Farm, folder: Path) -> None:
    org_id = make_org(farm.database)
    steps = finished(farm, org_id)
    # The clip before fades into the effect, so it depends on it as well.
    versions = [steps[f"scene/{number}/clip"]["facts"]["effects"]["red"] for number in (1, 2)]
    assert versions[0] == versions[1] == farm.effects.version_of("red")
    assert all(step["adopted"] for name, step in finished(farm, org_id).items() if name != "gate")
    written(folder, "red", RED + "\n")
    anew = {name for name, step in finished(farm, org_id).items() if not step["adopted"]}
    assert {"scene/1/clip", "scene/2/clip"} <= anew and "scene/1/image" not in anew


def test_an_effect_for_the_whole_video_is_that_of_scenes_that_name_none(farm: Farm) -> None:
    steps = finished(farm, make_org(farm.database), replace(VIDEO, effect=Effect("red")))
    assert steps["scene/1/clip"]["facts"]["effects"] == steps["scene/2/clip"]["facts"]["effects"]


def test_an_effect_that_only_the_worker_lacks_fails_the_job_with_its_reason(farm: Farm, folder: Path) -> None:
    org_id = make_org(farm.database)
    job_id = submit(farm, org_id, VIDEO)
    (folder / "red.py").unlink()
    work_off(farm)
    job = get_job(farm.database, org_id, job_id)
    assert job.status == JobStatus.FAILED and job.error is not None
    assert job.error.code == "EFFECT_MISSING" and not job.error.retryable
    assert "red" in job.error.message


def test_an_unknown_effect_is_refused_before_anything_is_stored(farm: Farm) -> None:
    with pytest.raises(InvalidInput, match="There are: red") as refused:
        submit(farm, make_org(farm.database), replace(VIDEO, effect=Effect("blue")))
    assert refused.value.field == "effect.name"


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({"levle": 9}, "effect.settings.levle", "The effect red has no setting levle. It takes: level=200."),
        ({"level": "9"}, "effect.settings.level", "The setting level of the effect red must be a number."),
    ],
)
def test_settings_that_an_effect_does_not_take_are_refused_before_anything_is_stored(
    farm: Farm, settings: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as refused:
        submit(farm, make_org(farm.database), replace(VIDEO, effect=Effect("red", settings)))
    assert refused.value.field == field


def test_a_scene_gets_an_effect_another_and_none_and_nothing_else_is_touched(farm: Farm, folder: Path) -> None:
    org_id = make_org(farm.database)
    three = replace(VIDEO, scenes=(*map(SceneInput, ("One scene.", "Another scene.", "A third scene.")),))
    plain = succeeded(farm, org_id, submit(farm, org_id, three))

    def edited(job: JobView, effect: Effect | None) -> JobView:
        edit = SceneEdit(effect=Given(effect))
        return succeeded(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), job.id, 2, edit).job.id)

    # The clip before fades into the effect.
    touched = {"scene/1/clip", "scene/2/clip", "assemble", "gate"}
    tinted = edited(plain, Effect("red", {"level": 90}))
    assert anew(farm, org_id, tinted) == touched
    assert anew(farm, org_id, edited(tinted, Effect("red", {"level": 30}))) == touched
    assert anew(farm, org_id, edited(tinted, None)) == {"gate"}
    for field, wrong in {"effect.name": Effect("blue"), "effect.settings.size": Effect("red", {"size": 1})}.items():
        with pytest.raises(InvalidInput) as refused:
            edited(tinted, wrong)
        assert refused.value.field == field


def test_the_effect_of_the_whole_video_can_be_taken_from_a_scene(farm: Farm) -> None:
    org_id = make_org(farm.database)
    scenes = (SceneInput("One scene."), SceneInput("Another scene."))
    tinted = succeeded(farm, org_id, submit(farm, org_id, replace(VIDEO, scenes=scenes, effect=Effect("red"))))
    edit = SceneEdit(effect=Given(None))
    job = succeeded(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), tinted.id, 2, edit).job.id)
    assert anew(farm, org_id, job) == {"scene/1/clip", "scene/2/clip", "assemble", "gate"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.mark.parametrize(
    ("effect", "field"),
    [
        ({"name": "absent"}, "scenes.0.effect.name"),
        ({"name": "../red"}, "scenes.0.effect.name"),
        ({"name": "os.path:join"}, "scenes.0.effect.name"),
        ({}, "scenes.0.effect.name"),
        ({"name": "red", "settings": {"a b": 1}}, "scenes.0.effect.settings.a b"),
        ({"name": "red", "settings": {"a": {"b": 1}}}, "scenes.0.effect.settings.a"),
        ({"name": "red", "settings": {"a": None}}, "scenes.0.effect.settings.a"),
        ({"name": "red", "settings": {"a": 2**60}}, "scenes.0.effect.settings.a"),
        ({"name": "red", "settings": []}, "scenes.0.effect.settings"),
        ({"name": "red", "module": "os"}, "scenes.0.effect.module"),
    ],
)
def test_a_request_names_what_is_wrong_with_its_effect(api: Api, effect: dict[str, Any], field: str) -> None:
    answer = api.post("/api/videos", {"scenes": [{"text": "One scene.", "effect": effect}]})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)
