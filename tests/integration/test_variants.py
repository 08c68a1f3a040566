"""One job, several results: made from the same script, voice and sound, each through the gate for what it is."""

from __future__ import annotations

from dataclasses import replace

import av
import pytest
from PIL import Image

from app.domain.errors import NotFound
from app.domain.revision import SceneEdit
from app.domain.sources import Background
from app.domain.states import JobStatus
from app.domain.variants import AudioFormat, Frame, Teaser, TeaserFormat, Variants
from app.domain.video import SceneInput, VideoInput
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.job_views import EventView, events_after, get_artifact, get_job
from app.services.repeat_job import retry_job
from app.services.step_views import list_steps
from tests.farms import make_org, submit, work_off
from tests.fickle_painter import FicklePainter
from tests.made_jobs import anew, finished, manifest_of, output

TEXT = "# Rivers\n\nRivers carry rain to the sea.\n\n## Deltas\n\nThere they drop their mud.\n"
SMALL = VideoInput(text=TEXT, width_px=90, height_px=160, fps=24)
WIDE = replace(SMALL, variants=Variants(sizes=(Frame(160, 90),)))


def events_of(farm: Farm, org_id: int, job_id: str) -> list[EventView]:
    return events_after(farm.database, org_id, job_id, 0)


def test_another_size_comes_with_a_poster_and_a_line_in_the_manifest(farm: Farm, org_id: int) -> None:
    job = finished(farm, org_id, submit(farm, org_id, WIDE))
    assert [output.name for output in job.outputs if "160x90" in output.name] == [
        "video-160x90.mp4",
        "poster-160x90.jpg",
    ]
    frames = {}
    for name, size in (("video.mp4", (90, 160)), ("video-160x90.mp4", (160, 90))):
        with av.open(str(output(farm, job, name))) as video:
            assert (video.streams.video[0].width, video.streams.video[0].height) == size
            frames[name] = video.streams.video[0].frames
    assert len(set(frames.values())) == 1
    with Image.open(output(farm, job, "poster-160x90.jpg")) as poster:
        assert poster.size == (160, 90)
    [variant] = manifest_of(farm, job)["variants"]
    assert variant["variant"] == "160x90" and variant["measured"]["picture"]["width_px"] == 160
    assert farm.storage.path(variant["outputs"]["video-160x90.mp4"]["sha256"]) == output(farm, job, "video-160x90.mp4")


def test_the_video_itself_is_the_same_to_the_byte_with_variants_and_without(farm: Farm, org_id: int) -> None:
    plain = finished(farm, org_id, submit(farm, org_id, SMALL))
    # Of another org, so that nothing is adopted.
    other = make_org(farm.database, "other")
    varied = finished(farm, other, submit(farm, other, WIDE))
    assert output(farm, plain, "video.mp4") == output(farm, varied, "video.mp4")


def test_a_variant_adopts_the_clips_of_a_video_of_its_size(farm: Farm, org_id: int) -> None:
    finished(farm, org_id, submit(farm, org_id, replace(SMALL, width_px=160, height_px=90)))
    job = finished(farm, org_id, submit(farm, org_id, WIDE))
    assert anew(farm, org_id, job) == {
        *("scene/1/image", "scene/2/image", "scene/1/clip", "scene/2/clip"),
        *("assemble", "160x90/check", "gate"),
    }


def test_editing_a_scene_makes_that_scene_anew_in_each_variant_and_no_other(farm: Farm, org_id: int) -> None:
    job = finished(farm, org_id, submit(farm, org_id, replace(WIDE, text=TEXT + "\n## Ends\n\nAll water is sea.\n")))
    edit = SceneEdit(text="There they drop all of their mud.")
    edited = finished(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), job.id, 2, edit).job.id)
    scene = {"scene/2/image", "scene/1/clip", "scene/2/clip", "assemble"}
    assert anew(farm, org_id, edited) == {
        *("scene/2/narration", "soundtrack"),
        *(scene | {f"160x90/{name}" for name in scene}),
        *("160x90/check", "gate"),
    }


def test_a_retry_does_the_variants_rest_and_no_more(farm: Farm, org_id: int) -> None:
    painter = FicklePainter()
    fickle = replace(farm, painter=painter)
    painter.refuses = {2}
    job_id = submit(fickle, org_id, WIDE)
    work_off(fickle)
    assert get_job(farm.database, org_id, job_id).error is not None
    painter.refuses = set()
    job = finished(fickle, org_id, retry_job(fickle, Asking(org_id, "again"), job_id).job.id)
    assert anew(farm, org_id, job) >= {"scene/2/image", "160x90/scene/2/clip", "160x90/check"}
    # A picture that was paid for is shown in both shapes.
    assert len(painter.painted) == 2


def test_a_preview_can_be_fetched_before_the_video_is_whole(farm: Farm, org_id: int) -> None:
    asked = replace(SMALL, width_px=540, height_px=960, variants=Variants(preview=True))
    job_id = submit(farm, org_id, asked)
    while not get_job(farm.database, org_id, job_id).outputs:
        assert work_off(farm, steps=1)
    job = get_job(farm.database, org_id, job_id)
    assert [output.name for output in job.outputs] == ["preview.mp4"] and job.status == JobStatus.RUNNING
    begun = sorted((step.started_at, step.name) for step in list_steps(farm.database, org_id, job_id) if step.attempts)
    clips = [name for _, name in begun if name.endswith("clip")]
    assert clips == ["preview/scene/1/clip", "preview/scene/2/clip", "scene/1/clip", "scene/2/clip"]
    with av.open(str(output(farm, job, "preview.mp4"))) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (360, 640)


def test_a_preview_does_not_wait_for_the_clips_of_the_orgs_other_jobs(farm: Farm, org_id: int) -> None:
    scenes = tuple(SceneInput(f"Hill {number}.", background=Background("#112233")) for number in range(30))
    earlier = submit(farm, org_id, replace(SMALL, text=None, scenes=scenes))
    work_off(farm, steps=1)
    asked = replace(SMALL, text="A hill.", width_px=540, height_px=960, variants=Variants(preview=True))
    later = submit(farm, org_id, asked)
    while not get_job(farm.database, org_id, later).outputs:
        assert work_off(farm, steps=1)
    assert get_job(farm.database, org_id, earlier).status == JobStatus.RUNNING


TEASED = replace(SMALL, variants=Variants(teaser=Teaser((TeaserFormat.GIF, TeaserFormat.WEBP), 0.0, 1.0, 64)))


def test_a_teaser_is_cut_from_the_finished_video_in_each_format(farm: Farm, org_id: int) -> None:
    job = finished(farm, org_id, submit(farm, org_id, TEASED))
    for name, format in (("teaser.gif", "GIF"), ("teaser.webp", "WEBP")):
        with Image.open(output(farm, job, name)) as teaser:
            assert (teaser.format, teaser.size, teaser.info["loop"]) == (format, (64, 114), 0)
    [variant] = manifest_of(farm, job)["variants"]
    assert variant["measured"]["teaser.gif"]["duration_s"] == pytest.approx(0.96)
    assert set(variant["outputs"]) == {"teaser.gif", "teaser.webp"}
    assert anew(farm, org_id, finished(farm, org_id, submit(farm, org_id, TEASED))) == {"teaser/check", "gate"}


def test_the_sound_alone_is_ready_while_clips_are_made_and_is_that_of_the_video(farm: Farm, org_id: int) -> None:
    asked = replace(SMALL, variants=Variants(audio=(AudioFormat.M4A, AudioFormat.MP3)))
    job = finished(farm, org_id, submit(farm, org_id, asked))
    [variant] = manifest_of(farm, job)["variants"]
    heard = [variant["measured"][name]["loudness"]["integrated_lufs"] for name in ("audio.m4a", "audio.mp3")]
    assert heard[0] == pytest.approx(manifest_of(farm, job)["measured"]["sound"]["loudness"]["integrated_lufs"])
    assert heard[1] == pytest.approx(heard[0], abs=0.2)
    with av.open(str(output(farm, job, "audio.mp3"))) as sound:
        assert sound.metadata["title"] == "Rivers"


def test_a_variant_can_be_fetched_while_the_job_goes_on_and_after_it_was_canceled(farm: Farm, org_id: int) -> None:
    job_id = submit(farm, org_id, WIDE)
    while not (ready := [event for event in events_of(farm, org_id, job_id) if event.type == "output.ready"]):
        assert work_off(farm, steps=1)
    job = get_job(farm.database, org_id, job_id)
    names = ["video-160x90.mp4", "poster-160x90.jpg"]
    assert job.status == JobStatus.RUNNING
    assert [event.data["name"] for event in ready] == [output.name for output in job.outputs] == names
    with pytest.raises(NotFound):
        get_artifact(farm.database, org_id, job_id, "video.mp4")
    cancel_job(farm.database, Asking(org_id, "cancel"), job_id)
    assert get_artifact(farm.database, org_id, job_id, names[0]).media_type == "video/mp4"
