"""Which steps a job with variants has, what they share, and in which order they are called."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.errors import InvalidInput
from app.domain.plan import StepKind, StepPlan, VideoPools, plan_scenes, plan_script
from app.domain.plan_variants import plan_video
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.variants import AudioFormat, Frame, Teaser, Variants, check_sizes, preview_frame
from app.domain.video import VideoInput

FREE = VideoPools(script=Pool.IO, voice=Pool.CPU, painter=Pool.CPU, paints_freely=True)
PAID = replace(FREE, paints_freely=False)
SCRIPT = Script("Title", (Scene(1, "One, and some more."), Scene(2, "Two."), Scene(3, "Three.", image="ast_1")))
TALL, WIDE = Frame(1080, 1920), Frame(1920, 1080)


def video(*sizes: Frame) -> VideoInput:
    return VideoInput(text="…", variants=Variants(sizes=sizes), assets={"ast_1": "sha"})


def planned(asked: VideoInput, pools: VideoPools = FREE) -> dict[str, StepPlan]:
    return {plan.name: plan for plan in plan_video(SCRIPT, asked, pools)}


def test_a_job_without_variants_is_planned_as_ever() -> None:
    plain = VideoInput(text="…", assets={"ast_1": "sha"})
    assert plan_video(SCRIPT, plain, FREE) == plan_scenes(SCRIPT, plain, FREE)


def test_every_step_comes_after_those_it_needs_and_the_gate_last() -> None:
    known: set[str] = set()
    for plan in plan_video(SCRIPT, video(WIDE, Frame(540, 960), Frame(1280, 720)), FREE):
        assert known.issuperset(plan.needs)
        known.add(plan.name)
    assert plan.kind == StepKind.GATE and "1920x1080/check" in plan.needs and "540x960/check" in plan.needs


def test_words_and_sound_are_the_videos_own_and_are_made_once() -> None:
    kinds = [plan.kind for plan in planned(video(WIDE)).values()]
    assert kinds.count(StepKind.NARRATION) == 3 and kinds.count(StepKind.SOUNDTRACK) == 1
    assert planned(video(WIDE))["1920x1080/assemble"].needs == (
        *("scene/1/narration", "scene/2/narration", "scene/3/narration"),
        *("1920x1080/scene/1/clip", "1920x1080/scene/3/clip", "1920x1080/scene/2/clip"),
        "soundtrack",
    )


def test_a_variants_steps_are_those_of_a_video_of_its_size_so_that_one_adopts_from_the_other() -> None:
    of_its_own = {
        plan.name: plan for plan in plan_scenes(SCRIPT, replace(video(), width_px=1920, height_px=1080), FREE)
    }
    plans = planned(video(WIDE))
    for name in ("scene/1/image", "scene/3/image", "scene/1/clip", "assemble"):
        assert plans[f"1920x1080/{name}"].params == of_its_own[name].params


def test_another_shape_has_pictures_of_its_own_and_the_same_shape_has_not() -> None:
    plans = planned(video(WIDE, Frame(1280, 720), Frame(540, 960)))
    assert plans["1920x1080/scene/1/clip"].needs[1] == "1920x1080/scene/1/image"
    assert plans["1280x720/scene/1/clip"].needs[1] == "1920x1080/scene/1/image"
    assert plans["540x960/scene/1/clip"].needs[1] == "scene/1/image"
    assert sum(plan.kind == StepKind.IMAGE for plan in plans.values()) == 6


def test_a_picture_is_never_enlarged_where_one_can_be_drawn() -> None:
    assert "2160x3840/scene/1/image" in planned(video(Frame(2160, 3840)))


def test_a_vendors_picture_is_bought_once_and_an_upload_is_fitted_to_each_shape() -> None:
    plans = planned(video(WIDE), PAID)
    assert plans["1920x1080/scene/1/clip"].needs == ("scene/1/narration", "scene/1/image", "scene/2/image")
    assert plans["1920x1080/scene/2/clip"].needs == ("scene/2/narration", "scene/2/image", "1920x1080/scene/3/image")


def previewed(own: Frame = TALL) -> VideoInput:
    asked = replace(video(), variants=Variants(sizes=(WIDE,), preview=True, teaser=Teaser(), audio=(AudioFormat.M4A,)))
    return replace(asked, width_px=own.width_px, height_px=own.height_px)


def test_all_that_a_preview_needs_goes_ahead_and_nothing_else() -> None:
    plans = planned(previewed())
    ahead = {name for name, plan in plans.items() if plan.goes_ahead}
    made_once = {f"scene/{number}/{part}" for number in (1, 2, 3) for part in ("narration", "image")} | {"soundtrack"}
    assert ahead == made_once | {name for name in plans if name.startswith("preview/")}
    assert [plan.goes_ahead for plan in plan_script(previewed(), FREE)] == [True]
    # Without a preview only what nothing can share, and so takes longest.
    assert {name for name, plan in planned(video(WIDE)).items() if plan.goes_ahead} == {"soundtrack"}


def test_a_preview_shows_the_videos_own_pictures() -> None:
    clip = planned(previewed())["preview/scene/1/clip"]
    assert clip.needs == ("scene/1/narration", "scene/1/image", "scene/2/image")
    assert (clip.params["width_px"], clip.params["height_px"], clip.weight) == (360, 640, 2)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (Frame(1080, 1920), Frame(360, 640)),
        (Frame(1920, 1080), Frame(640, 360)),
        (Frame(1080, 1350), Frame(360, 450)),
        (Frame(1000, 1778), Frame(360, 640)),
        (Frame(90, 160), Frame(90, 160)),
    ],
)
def test_a_preview_has_the_videos_shape_and_360_pixels_on_its_shorter_side(own: Frame, expected: Frame) -> None:
    assert preview_frame(own) == expected


def test_a_preview_of_a_video_that_is_small_already_joins_the_videos_own_clips() -> None:
    plans = planned(previewed(Frame(90, 160)))
    assert "preview/scene/1/clip" not in plans
    assert "scene/1/clip" in plans["preview/assemble"].needs and plans["scene/1/clip"].goes_ahead


def test_progress_counts_a_small_variant_for_what_it_is() -> None:
    plans = planned(video(Frame(540, 960)))
    assert plans["scene/1/clip"].weight == 20
    assert plans["540x960/scene/1/clip"].weight == 5


def test_variants_survive_being_stored_as_json_and_are_not_spoken_of_where_there_are_none() -> None:
    asked = previewed()
    assert VideoInput.from_json(json.loads(json.dumps(asked.to_json()))) == asked
    assert "variants" not in VideoInput(text="…").to_json()


def test_variants_that_were_stored_before_there_were_previews_have_none() -> None:
    assert Variants.from_json({"sizes": []}) == Variants()


@pytest.mark.parametrize(
    ("sizes", "field"),
    [([WIDE, Frame(1080, 1920)], "variants.sizes.1"), ([WIDE, Frame(64, 64), WIDE], "variants.sizes.2")],
)
def test_a_size_that_is_made_already_is_refused_by_name(sizes: list[Frame], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_sizes(sizes, Frame(1080, 1920))
    assert refused.value.field == field
