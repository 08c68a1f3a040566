"""Uploaded videos as scenes of a job: accepted, trimmed, heard, edited and adopted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.domain.revision import Given, Part, SceneEdit
from app.domain.sources import Footage, FootageSound
from app.domain.video import SceneInput, VideoInput
from app.media.aac import decode_sound
from app.media.scene_sounds import SceneSound, lay_scene_sounds
from app.media.sources import FootagePiece
from app.services.asking import Asking
from app.services.assets import store_asset
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.job_views import JobView
from app.services.step_views import list_steps
from tests.farms import submit, work_off
from tests.made_jobs import anew, finished
from tests.media_samples import ffmpeg, nobody_cares

MIX = FootageSound.MIX


def film(folder: Path, *, sound: bool = True) -> Path:
    path = folder / f"film-{sound}.mp4"
    heard = ("-f", "lavfi", "-i", "sine=f=3000:d=2", "-c:a", "aac") if sound else ()
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x96:r=25:d=2", *heard, "-c:v", "libx264", "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture
def clip_id(farm: Farm, org_id: int, tmp_path: Path) -> str:
    asset = store_asset(farm, Asking(org_id, "upload"), film(tmp_path))
    assert (asset.kind, asset.media_type, asset.facts["has_sound"]) == ("video", "video/mp4", True)
    return asset.id


def video_with(footage: Footage | None, **more: Any) -> VideoInput:
    scenes = (
        SceneInput("First a picture."),
        SceneInput("Then it moves.", video=footage),
        SceneInput("And a last one."),
    )
    return VideoInput(scenes=scenes, width_px=90, height_px=160, fps=24, seed=1, **more)


def loudness_at(farm: Farm, job: JobView, hz: float) -> list[float]:
    """How strong the tone is in each half second of the video's sound."""
    sha256 = next(output.sha256 for output in job.outputs if output.name == "video.mp4")
    samples = np.concatenate([block[0] for block in decode_sound(farm.storage.path(sha256))])
    wave = np.exp(-2j * np.pi * hz * np.arange(24_000) / 48_000)
    return [float(abs(samples[at : at + 24_000] @ wave)) for at in range(0, len(samples) - 24_000, 24_000)]


def test_a_video_is_shown_and_heard_in_its_scene_and_nowhere_else(farm: Farm, org_id: int, clip_id: str) -> None:
    mute = finished(farm, org_id, submit(farm, org_id, video_with(Footage(clip_id, 0.5))))
    job = finished(farm, org_id, submit(farm, org_id, video_with(Footage(clip_id, 0.5, 1.9, MIX))))
    assert "scene/2/image" not in {step.name for step in list_steps(farm.database, org_id, job.id)}
    heard, without = loudness_at(farm, job, 3000.0), loudness_at(farm, mute, 3000.0)
    middle = len(heard) // 2
    assert heard[middle] > 5 * without[middle]
    assert heard[0] < heard[middle] / 3 and heard[-1] < heard[middle] / 3


def test_a_scene_gets_a_video_another_piece_of_it_and_a_picture_again(farm: Farm, org_id: int, clip_id: str) -> None:
    start = finished(farm, org_id, submit(farm, org_id, video_with(None)))

    def edited(job: JobView, edit: SceneEdit) -> JobView:
        return finished(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), job.id, 2, edit).job.id)

    shown = edited(start, SceneEdit(video=Given(Footage(clip_id))))
    assert anew(farm, org_id, shown) == {"scene/1/clip", "scene/2/clip", "assemble", "gate"}
    heard = edited(shown, SceneEdit(video=Given(Footage(clip_id, sound=MIX))))
    assert anew(farm, org_id, heard) == {"soundtrack", "assemble", "gate"}
    shorter = edited(heard, SceneEdit(video=Given(Footage(clip_id, end_s=1.0, sound=MIX))))
    assert anew(farm, org_id, shorter) == {"scene/2/clip", "soundtrack", "assemble", "gate"}
    back = edited(shorter, SceneEdit(video=Given(None)))
    assert anew(farm, org_id, back) == {"gate"}
    manifest = next(output.sha256 for output in shorter.outputs if output.name == "manifest.json")
    scene = json.loads(farm.storage.path(manifest).read_text())["input"]["script"]["scenes"][1]
    assert scene["video"] == {"asset": clip_id, "start_s": 0.0, "end_s": 1.0, "sound": "mix"}


def test_videos_are_handed_out_with_the_pictures_and_serve_as_music(farm: Farm, org_id: int, clip_id: str) -> None:
    text = "# One\n\nThe first scene is here.\n\n# Two\n\nThe second scene is here."
    video = VideoInput(text=text, width_px=90, height_px=160, fps=24, images=(clip_id,), music=clip_id)
    job = finished(farm, org_id, submit(farm, org_id, video))
    names = {step.name for step in list_steps(farm.database, org_id, job.id)}
    assert "scene/1/image" not in names and "scene/2/image" in names


def test_what_a_video_has_not_is_refused_by_field(farm: Farm, org_id: int, clip_id: str, tmp_path: Path) -> None:
    silent = store_asset(farm, Asking(org_id, "upload"), film(tmp_path, sound=False)).id
    refusals = {
        "scenes.1.video": video_with(Footage("ast_none")),
        "scenes.1.video.end_s": video_with(Footage(clip_id, 0.0, 2.5)),
        "scenes.1.video.start_s": video_with(Footage(clip_id, 2.0)),
        "scenes.1.video.sound": video_with(Footage(silent, sound=MIX)),
        "music": video_with(None, music=silent),
    }
    for field, video in refusals.items():
        with pytest.raises(InvalidInput) as refused:
            submit(farm, org_id, video)
        assert refused.value.field == field
    job_id = submit(farm, org_id, video_with(Footage(clip_id)))
    work_off(farm, steps=1)
    for field, edit in {
        "video.end_s": SceneEdit(video=Given(Footage(clip_id, 0.0, 9.0))),
        "regenerate": SceneEdit(regenerate=(Part.IMAGE,)),
    }.items():
        with pytest.raises(InvalidInput) as refused:
            edit_scene(farm, Asking(org_id, "edit"), job_id, 2, edit)
        assert refused.value.field == field


def test_a_videos_sound_begins_again_with_its_picture(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=f=500:d=0.5,apad=whole_dur=1", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1",
           "-c:v", "libx264", "-c:a", "aac", tmp_path / "v.mp4")  # fmt: skip
    sound = SceneSound(FootagePiece(tmp_path / "v.mp4", 0.0, 1.0), 48_000, 48_000 * 4, 48_000)
    bed = lay_scene_sounds([sound], frames=48_000 * 5, speech_lufs=None, path=tmp_path / "bed", report=nobody_cares)
    left = np.concatenate([block[0] for block in bed.blocks()])
    loud = [float(np.abs(left[at : at + 19_200]).mean()) > 0.01 for at in range(2_400, len(left) - 19_200, 24_000)]
    assert loud == [False, False, True, False, True, False, True, False, False, False]


@pytest.mark.parametrize("channel", ["FL", "FC", "BR"])
def test_every_direction_of_a_surround_sound_is_heard(tmp_path: Path, channel: str) -> None:
    silent = dict.fromkeys(("FL", "FR", "FC", "LFE", "BL", "BR"), "0")
    waves = "|".join({**silent, channel: "0.2*sin(2*PI*500*t)"}.values())
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc={waves}:c=5.1:d=1:s=48000", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1",
           "-c:v", "libx264", "-c:a", "aac", tmp_path / "v.mp4")  # fmt: skip
    sound = SceneSound(FootagePiece(tmp_path / "v.mp4", 0.0, 1.0), 0, 48_000, 48_000)
    bed = lay_scene_sounds([sound], frames=48_000, speech_lufs=None, path=tmp_path / "bed", report=nobody_cares)
    assert max(float(np.abs(block).max()) for block in bed.blocks()) > 0.05


def test_the_input_of_a_job_from_before_there_were_videos_still_loads() -> None:
    stored = video_with(None).to_json()
    assert not {"video", "footage_s"} & (stored.keys() | stored["scenes"][0].keys())
    assert VideoInput.from_json(stored) == video_with(None)
