"""A request for a video, normalised."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.caption_style import CaptionBox, CaptionSize, CaptionStyle
from app.domain.errors import InvalidInput
from app.domain.ids import canonical_hash
from app.domain.plan import StepKind, VideoPools, plan_scenes
from app.domain.script import Scene, Script, with_background, with_images
from app.domain.sources import Background
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
        scenes=(SceneInput("One.", "Title", "ast_1"), SceneInput("Two.", background=Background("#112233", "#445566"))),
        captions=CaptionMode.LINE,
        caption_style=CaptionStyle(size=CaptionSize.LARGE, uppercase=True, box=CaptionBox("#101820", 0.8)),
        images=("ast_2",),
        music="ast_3",
        background=Background("#000000"),
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


def test_what_knows_no_new_source_is_stored_and_planned_as_before_there_were_any() -> None:
    video = VideoInput(scenes=(SceneInput("One.", image="ast_1"), SceneInput("Two.")), assets={"ast_1": "sha"}, seed=1)
    script = Script("Title", (Scene(1, "One.", image="ast_1"), Scene(2, "Two.")))
    stored = json.loads(json.dumps({"video": video.to_json(), "script": script.to_json()}))
    assert "background" not in json.dumps(stored)
    assert VideoInput.from_json(stored["video"]) == video and Script.from_json(stored["script"]) == script
    # The hashes under which the steps of such a video were done: with others nothing would be adopted any more.
    works = [[plan.name, plan.params] for plan in plan_scenes(script, video, POOLS) if plan.kind != StepKind.GATE]
    assert canonical_hash(works)[:16] == "46458fe03fbb5c53"


def test_a_scene_shows_its_own_source_then_an_image_then_the_videos_background() -> None:
    red, blue = Background("#ff0000"), Background("#0000ff")
    scenes = (Scene(1, "One.", background=red), Scene(2, "Two."), Scene(3, "Three."), Scene(4, "Four.", image="ast_2"))
    shown = with_background(with_images(Script(None, scenes), ("ast_1",)), blue).scenes
    assert [scene.image for scene in shown] == [None, "ast_1", None, "ast_2"]
    assert [scene.background for scene in shown] == [red, None, blue, None]


def test_a_card_has_no_picture_to_make_and_is_known_to_the_clip_before_it() -> None:
    scenes = (Scene(1, "Words."), Scene(2, "Words.", background=Background("#112233")), Scene(3, "Words."))
    plans = {plan.name: plan for plan in plan_scenes(Script(None, scenes), VideoInput(text="…"), POOLS)}
    card = {"colour": "#112233", "to": None}
    assert "scene/2/image" not in plans
    assert plans["scene/1/clip"].needs == ("scene/1/narration", "scene/1/image")
    assert plans["scene/1/clip"].params["next_card"] == card
    assert plans["scene/2/clip"].needs == ("scene/2/narration", "scene/3/image")
    assert plans["scene/2/clip"].params["card"] == card
