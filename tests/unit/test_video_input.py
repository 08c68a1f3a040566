"""A request for a video, normalised."""

from __future__ import annotations

import json

import pytest

from app.domain.errors import InvalidInput
from app.domain.plan import StepKind, VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.video import CaptionMode, SceneInput, VideoInput, parse_size

POOLS = VideoPools(script=Pool.IO, voice=Pool.CPU, painter=Pool.GPU)


@pytest.mark.parametrize(
    ("size", "expected"),
    [("1080x1920", (1080, 1920)), ("9:16", (1080, 1920)), ("4:5", (1080, 1350)), ("64X4096", (64, 4096))],
)
def test_sizes_have_numbers_or_names(size: str, expected: tuple[int, int]) -> None:
    assert parse_size(size) == expected


@pytest.mark.parametrize(
    "size", ["", "x", "1080", "1081x1920", "62x62", "4098x64", "1080x", "-2x64", "１２８x128", "9" * 10_000 + "x64"]
)
def test_a_wrong_size_is_refused_by_name(size: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_size(size)
    assert refused.value.field == "size"


def test_an_input_survives_being_stored_as_json() -> None:
    video = VideoInput(
        scenes=(SceneInput("One.", "Title", "ast_1"), SceneInput("Two.")),
        captions=CaptionMode.LINE,
        images=("ast_2",),
        music="ast_3",
        assets={"ast_1": "a", "ast_2": "b", "ast_3": "c"},
    )
    assert VideoInput.from_json(json.loads(json.dumps(video.to_json()))) == video


def test_the_same_words_look_the_same_and_other_words_do_not() -> None:
    assert VideoInput(text="Hello.").look_seed == VideoInput(text="Hello.", width_px=64).look_seed
    assert VideoInput(text="Hello.").look_seed != VideoInput(text="Bye.").look_seed
    assert VideoInput(text="Hello.", seed=7).look_seed == 7


def test_the_plan_names_every_need_before_the_step_that_needs_it() -> None:
    script = Script("Title", tuple(Scene(number, f"Scene {number}.") for number in (1, 2, 3)))
    plans = plan_scenes(script, VideoInput(text="…"), POOLS)
    known: set[str] = set()
    for plan in plans:
        assert known.issuperset(plan.needs)
        known.add(plan.name)
    assert plans[-1].kind == StepKind.GATE


def test_a_clip_needs_its_own_picture_and_the_next_ones_but_no_other_scene() -> None:
    script = Script(None, tuple(Scene(number, "Words.") for number in (1, 2, 3)))
    needs = {plan.name: plan.needs for plan in plan_scenes(script, VideoInput(text="…"), POOLS)}
    assert needs["scene/2/clip"] == ("scene/2/narration", "scene/2/image", "scene/3/image")
    assert needs["scene/3/clip"] == ("scene/3/narration", "scene/3/image")


def test_a_vendors_pool_decides_where_its_steps_run_and_an_upload_needs_no_vendor() -> None:
    script = Script(None, (Scene(1, "Words."), Scene(2, "Words.", image="ast_1")))
    video = VideoInput(text="…", images=("ast_1",), assets={"ast_1": "sha"})
    pools = {plan.name: plan.pool for plan in plan_scenes(script, video, POOLS)}
    assert pools["scene/1/image"] == Pool.GPU
    assert pools["scene/2/image"] == Pool.CPU
    assert pools["scene/1/narration"] == Pool.CPU
