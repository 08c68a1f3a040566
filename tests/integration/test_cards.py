"""Scenes that show a plain card instead of a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import InvalidInput
from app.domain.revision import Given, Part, SceneEdit
from app.domain.sources import Background
from app.domain.video import CaptionMode, SceneInput, VideoInput
from app.media.card import card_planes
from app.media.clip import render_clip
from app.providers.drawn.painter import DrawnPainter
from app.providers.protocols import PictureRequest
from app.services.asking import Asking
from app.services.edit_scene import edit_scene
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from app.services.step_views import list_steps
from tests.farms import make_org, submit, work_off
from tests.integration.test_clip import SPEC, cues, plain, rgb_of
from tests.made_jobs import anew, finished
from tests.media_samples import nobody_cares

NAVY, GRADIENT = Background("#102040"), Background("#0b2545", "#8da9c4")
SMALL = VideoInput(
    scenes=(SceneInput("First a picture."), SceneInput("Then a card.", background=NAVY), SceneInput("And one more.")),
    width_px=90,
    height_px=160,
    fps=24,
)

WIDTH, HEIGHT = SPEC.width_px, SPEC.height_px


def test_a_card_shows_its_colour_at_rest_under_captions(tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    report = render_clip(replace(SPEC, fade_frames=0, cues=cues("Lava flows."), crf=10), NAVY, None, out, nobody_cares)
    frames = rgb_of(out)
    for frame in (frames[0], frames[-1]):
        assert np.abs(frame[:200] - np.array([0x10, 0x20, 0x40])).max() <= 3
    assert frames[5].max() > 230 and report.caption_box is not None


def test_a_gradient_runs_from_top_to_bottom_without_steps() -> None:
    planes = card_planes(GRADIENT, 64, 1920)
    rows = planes.luma.mean(axis=1)
    # Eight rows hold a whole dither; their mean follows the even slope to a fraction of a level.
    smooth = rows.reshape(-1, 8).mean(axis=1)
    assert np.abs(np.diff(smooth, 2)).max() < 0.15
    assert smooth[-1] - smooth[0] == pytest.approx(112.2, abs=0.3)
    assert planes.cb.shape == planes.cr.shape == (960, 32)


def test_pictures_and_cards_fade_into_each_other(tmp_path: Path) -> None:
    grey, out = plain(tmp_path / "p.png", (120, 120, 120)), tmp_path / "clip.mp4"
    for source, following, ends in ((grey, NAVY, (0x10, 0x20, 0x40)), (NAVY, grey, (120, 120, 120))):
        render_clip(SPEC, source, following, out, nobody_cares)
        middle = rgb_of(out)[-1][HEIGHT // 2, WIDTH // 2]
        assert np.abs(middle - np.array(ends)).max() <= 10


class NightPainter(DrawnPainter):
    """A vendor whose pictures come back black."""

    name = "night"

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        Image.new("RGB", (request.width_px, request.height_px)).save(out, "JPEG", quality=95, subsampling=0)


@pytest.mark.parametrize("black_card", [0, 2])
def test_what_the_caller_chose_may_be_black_and_what_was_painted_may_not(farm: Farm, black_card: int) -> None:
    black = Background("#000000")
    org_id = make_org(farm.database)
    cards = [black if number == black_card else NAVY for number in range(3)]
    scenes = tuple(SceneInput(f"Scene number {number}.", background=card) for number, card in enumerate(cards))
    all_own = replace(SMALL, scenes=scenes, captions=CaptionMode.OFF)
    finished(farm, org_id, submit(farm, org_id, all_own))
    painted = tuple(replace(scene, background=None) if number == 1 else scene for number, scene in enumerate(scenes))
    job_id = submit(farm, org_id, replace(all_own, scenes=painted))
    work_off(replace(farm, painter=NightPainter()))
    error = get_job(farm.database, org_id, job_id).error
    assert error is not None and error.code == "OUTPUT_GATE_FAILED"
    assert re.search(r"black for \d\.\d s from \d\.\d s", error.message)


def test_a_card_comes_and_goes_and_only_what_shows_it_is_made_again(farm: Farm) -> None:
    org_id = make_org(farm.database)
    video = finished(farm, org_id, submit(farm, org_id, SMALL))
    assert "scene/2/image" not in anew(farm, org_id, video)

    def edited(number: int, edit: SceneEdit, job: JobView) -> JobView:
        return finished(farm, org_id, edit_scene(farm, Asking(org_id, "edit"), job.id, number, edit).job.id)

    other = edited(2, SceneEdit(background=Given(GRADIENT)), video)
    assert anew(farm, org_id, other) == {"scene/1/clip", "scene/2/clip", "assemble", "gate"}
    painted = edited(2, SceneEdit(background=Given(None)), other)
    assert anew(farm, org_id, painted) == {"scene/1/clip", "scene/2/image", "scene/2/clip", "assemble", "gate"}
    back = edited(2, SceneEdit(background=Given(NAVY)), painted)
    assert anew(farm, org_id, back) == {"gate"}
    manifest = next(output.sha256 for output in back.outputs if output.name == "manifest.json")
    scene = json.loads(farm.storage.path(manifest).read_text())["input"]["script"]["scenes"][1]
    assert scene["background"] == {"colour": "#102040", "to": None}


def test_a_videos_background_takes_the_place_of_every_painted_picture(farm: Farm) -> None:
    org_id = make_org(farm.database)
    text = "# Black\n\nNothing is drawn here, and nothing moves. The gate lets it pass."
    video = VideoInput(text=text, width_px=90, height_px=160, fps=24, background=Background("#000000"))
    job = finished(farm, org_id, submit(farm, org_id, video))
    kinds = {step.kind for step in list_steps(farm.database, org_id, job.id)}
    assert "video.image" not in kinds and "video.clip" in kinds


def test_an_edit_shows_one_thing_and_a_card_is_not_painted_again(farm: Farm) -> None:
    org_id = make_org(farm.database)
    job_id = submit(farm, org_id, SMALL)
    work_off(farm, steps=1)
    refusals = {
        "background": SceneEdit(image=Given("ast_1"), background=Given(NAVY)),
        "regenerate": SceneEdit(regenerate=(Part.IMAGE,)),
        "body": SceneEdit(background=Given(NAVY)),
    }
    for field, edit in refusals.items():
        with pytest.raises(InvalidInput) as refused:
            edit_scene(farm, Asking(org_id, "edit"), job_id, 2, edit)
        assert refused.value.field == field
