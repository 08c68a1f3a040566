"""A request for a video, normalised."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.caption_style import CaptionBox, CaptionSize, CaptionStyle
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
        caption_style=CaptionStyle(size=CaptionSize.LARGE, uppercase=True, box=CaptionBox("#101820", 0.8)),
        images=("ast_2",),
        music="ast_3",
        assets={"ast_1": "a", "ast_2": "b", "ast_3": "c"},
    )
    assert VideoInput.from_json(json.loads(json.dumps(video.to_json()))) == video


def test_an_input_stored_before_captions_had_styles_has_the_default_one() -> None:
    stored = VideoInput(text="Hello.").to_json()
    del stored["caption_style"]
    assert VideoInput.from_json(stored).caption_style == CaptionStyle()


def clip_params(words: str = "Words.", **asked: Any) -> dict[str, Any]:
    script = Script(None, (Scene(1, words),))
    plans = plan_scenes(script, VideoInput(text="…", **asked), POOLS)
    return next(dict(plan.params) for plan in plans if plan.kind == StepKind.CLIP)


def test_only_what_is_seen_of_a_style_makes_another_clip() -> None:
    pink = CaptionStyle(highlight_colour="#FF8FB0")
    # What was rendered before there were styles is adopted still.
    assert "caption_style" not in clip_params()
    assert clip_params(caption_style=pink)["caption_style"] == {"highlight_colour": "#FF8FB0"}
    assert clip_params(caption_style=pink, captions=CaptionMode.LINE) == clip_params(captions=CaptionMode.LINE)
    assert clip_params(caption_style=pink, captions=CaptionMode.OFF) == clip_params(captions=CaptionMode.OFF)


def test_capitals_depend_on_the_language_where_it_has_its_own_and_nowhere_else() -> None:
    capitals = CaptionStyle(uppercase=True)
    assert clip_params(caption_style=capitals, language="tr")["language"] == "tr"
    assert clip_params(caption_style=capitals, language="de") == clip_params(caption_style=capitals, language="en")
    assert clip_params(language="tr") == clip_params(language="en")


def test_the_forms_of_han_depend_on_the_language() -> None:
    assert clip_params("直 and others", language="ja")["language"] == "ja"
    assert "language" not in clip_params("直 and others", language="ja", captions=CaptionMode.OFF)
    assert "language" not in clip_params("ひらがな", language="ja")


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
