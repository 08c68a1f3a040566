"""A text becomes a video: every step of the real pipeline, in this process, on a small frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from app.domain.errors import InvalidInput, ProviderNotConfigured
from app.domain.states import JobStatus
from app.domain.video import CaptionMode, SceneInput, VideoInput
from app.models import Artifact, Asset, Step, StepAttempt
from app.models.database import database_now_s, now_s
from app.services.claim_step import claim_step
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.job_views import get_job
from app.services.recover import recover
from app.services.sweep_work import sweep_work, work_folder
from tests.farms import ListBell, make_org, submit, work_off
from tests.made_jobs import made, manifest_of, output

TEXT = """# Rivers

Rivers carry rain to the sea. They shape the valleys they run through.

## Deltas

Where a river meets the sea it drops its mud, and a delta grows.
"""
SMALL = VideoInput(text=TEXT, width_px=180, height_px=320)


def test_a_text_becomes_a_video_with_subtitles_poster_and_manifest(farm: Farm) -> None:
    job = made(farm, make_org(farm.database), SMALL)
    assert {output.name for output in job.outputs} == {
        "video.mp4",
        "captions.srt",
        "captions.vtt",
        "poster.jpg",
        "manifest.json",
    }
    assert (job.progress, job.title, job.stage) == (100, "Rivers", None)
    with av.open(str(output(farm, job, "video.mp4"))) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate) == (180, 320, 30)
        assert abs(float(picture.duration * picture.time_base) - float(sound.duration * sound.time_base)) < 1 / 30
    assert "Rivers carry rain" in output(farm, job, "captions.srt").read_text().replace("\n", " ")
    manifest = manifest_of(farm, job)
    assert manifest["input"]["text"] == TEXT
    assert manifest["measured"]["sound"]["loudness"]["integrated_lufs"] == pytest.approx(-14.0, abs=0.5)
    with Image.open(output(farm, job, "poster.jpg")) as poster:
        assert poster.size == (180, 320)


def test_a_long_clip_is_made_in_pieces_and_joined_without_a_seam(farm: Farm) -> None:
    text = "This scene is long enough for two pieces, " + "and it goes on, and on, " * 5 + "to its end."
    scenes = (SceneInput(text), SceneInput("A short one."))
    job = made(farm, make_org(farm.database), VideoInput(scenes=scenes, width_px=540, height_px=960, fps=60))
    manifest = manifest_of(farm, job)
    clips = {step["name"]: step["facts"]["frames"] for step in manifest["steps"] if step["kind"] == "video.clip"}
    assert sorted(clips) == ["scene/1/clip/1", "scene/1/clip/2", "scene/2/clip"]
    assert abs(clips["scene/1/clip/1"] - clips["scene/1/clip/2"]) <= 1
    assert manifest["measured"]["picture"]["frames"] == sum(clips.values())
    assert manifest["encoder"]["name"] == "x264"


def test_the_same_request_again_adopts_everything_and_gives_the_same_bytes(farm: Farm) -> None:
    org_id = make_org(farm.database)
    first = made(farm, org_id, SMALL)
    again = made(farm, org_id, SMALL)
    assert output(farm, first, "video.mp4") == output(farm, again, "video.mp4")
    manifest = manifest_of(farm, again)
    assert all(step["adopted"] for step in manifest["steps"])


def test_two_orgs_do_not_adopt_from_each_other_but_make_the_same_frames(farm: Farm) -> None:
    one = made(farm, make_org(farm.database, "one"), SMALL)
    other = made(farm, make_org(farm.database, "other"), SMALL)
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).where(Step.adopted)) == 0
    assert output(farm, one, "video.mp4") == output(farm, other, "video.mp4")


def test_changing_one_scenes_words_renders_that_scene_alone_anew(farm: Farm) -> None:
    org_id = make_org(farm.database)
    scenes = (SceneInput("The first scene."), SceneInput("The second scene."), SceneInput("The third scene."))
    made(farm, org_id, replace(SMALL, text=None, scenes=scenes, seed=1))
    edited = (scenes[0], replace(scenes[1], text="The second scene, told anew."), scenes[2])
    job = made(farm, org_id, replace(SMALL, text=None, scenes=edited, seed=1))
    steps = manifest_of(farm, job)["steps"]
    anew = {step["name"] for step in steps if not step["adopted"]}
    assert {"scene/1/narration", "scene/3/narration", "scene/3/clip", "scene/1/image", "scene/3/image"}.isdisjoint(anew)


def test_a_worker_that_dies_after_storing_and_before_committing_costs_nothing_twice(farm: Farm) -> None:
    org_id = make_org(farm.database)
    whole = made(farm, org_id, SMALL)
    with farm.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Artifact))
    job_id = submit(farm, org_id, SMALL)
    # The doorbell is answered by a worker that claims and is never heard of again.
    assert isinstance(farm.bell, ListBell)
    dead = claim_step(farm.database, farm.bell.rung.pop(0).step_id, "doomed", 10.0)
    assert dead is not None
    with farm.database.begin() as session:
        session.execute(update(Step).where(Step.id == dead.step_id).values(lease_expires_at=now_s() - 1))
    recover(farm.database)
    farm.bell.rung.clear()
    dispatch(farm.database, farm.bell)
    work_off(farm)
    job = get_job(farm.database, org_id, job_id)
    assert job.status == JobStatus.SUCCEEDED
    assert output(farm, job, "video.mp4") == output(farm, whole, "video.mp4")
    with farm.database.read() as session:
        attempts = session.scalar(select(func.count()).where(StepAttempt.step_id == dead.step_id))
        assert attempts == 2
        assert session.scalar(select(func.count()).select_from(Artifact)) == 2 * before


def test_the_callers_images_are_used_scene_by_scene_and_the_rest_is_painted(farm: Farm, tmp_path: Path) -> None:
    org_id = make_org(farm.database)
    picture = tmp_path / "red.png"
    Image.new("RGB", (300, 500), (200, 30, 40)).save(picture)
    blob = farm.storage.put(picture, "image/png")
    with farm.database.begin() as session:
        session.add(
            Asset(
                id="ast_red",
                org_id=org_id,
                kind="image",
                sha256=blob.sha256,
                size_bytes=blob.size_bytes,
                media_type="image/png",
                facts={},
                created_at=database_now_s(session),
            )
        )
    job = made(farm, org_id, replace(SMALL, images=("ast_red",), captions=CaptionMode.OFF))
    manifest = manifest_of(farm, job)
    providers = {step["name"]: step["facts"].get("provider") for step in manifest["steps"]}
    assert providers["scene/1/image"] == "upload"
    assert providers["scene/2/image"] == "drawn"


def test_one_word_is_enough(farm: Farm) -> None:
    job = made(farm, make_org(farm.database), replace(SMALL, text="Hello"))
    assert "Hello" in output(farm, job, "captions.vtt").read_text()


@pytest.mark.parametrize("text", ["", " \n\t", "🙂🙂🙂", "```\ncode only\n```"])
def test_text_with_nothing_to_say_is_refused_before_anything_is_stored(farm: Farm, text: str) -> None:
    org_id = make_org(farm.database)
    with pytest.raises(InvalidInput) as refused:
        submit(farm, org_id, replace(SMALL, text=text))
    assert refused.value.field == "text"
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Step)) == 0


def test_a_prompt_without_a_writer_names_the_settings_to_set(farm: Farm) -> None:
    with pytest.raises(ProviderNotConfigured) as refused:
        submit(farm, make_org(farm.database), replace(SMALL, text=None, prompt="A video about rivers"))
    assert "OPENAI_API_KEY" in refused.value.message


def test_another_orgs_asset_is_refused_as_if_it_did_not_exist(farm: Farm) -> None:
    with pytest.raises(InvalidInput) as refused:
        submit(farm, make_org(farm.database), replace(SMALL, images=("ast_theirs",)))
    assert refused.value.field == "images.0"


def test_nothing_is_left_in_the_work_folder(farm: Farm) -> None:
    made(farm, make_org(farm.database), SMALL)
    assert list(farm.work_dir.iterdir()) == []


def test_a_killed_workers_folder_is_swept_and_a_living_ones_is_not(farm: Farm) -> None:
    submit(farm, make_org(farm.database), SMALL)
    assert isinstance(farm.bell, ListBell)
    alive = claim_step(farm.database, farm.bell.rung.pop(0).step_id, "alive", 10.0)
    assert alive is not None
    kept = work_folder(farm.work_dir, alive.step_id, alive.token)
    stale = work_folder(farm.work_dir, alive.step_id, alive.token - 1)
    for folder in (kept, stale):
        folder.mkdir(parents=True)
    assert sweep_work(farm.database, farm.work_dir) == 1
    assert list(farm.work_dir.iterdir()) == [kept]
