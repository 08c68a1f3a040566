"""A clip in pieces: they follow each other without a gap, are of one length, and leave the tail to the last."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clip_pieces import MOST, Piece, pieces_for, without_pieces
from app.domain.descent import fresh_names, wish_for
from app.domain.effects import Effect
from app.domain.errors import InvalidInput
from app.domain.plan import StepKind, StepPlan, VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.step_names import clips_in_order
from app.domain.timeline import fade_frames, scene_frames
from app.domain.video import VideoInput

LONG = "A sentence of some length is spoken here, calmly, and then it goes on for a good while."
TALL = VideoInput(text="")
POOLS = VideoPools(script=Pool.IO, voice=Pool.CPU, painter=Pool.CPU)
rates = st.sampled_from([24, 25, 30, 60])


def planned(*scenes: Scene, video: VideoInput = TALL) -> dict[str, StepPlan]:
    return {plan.name: plan for plan in plan_scenes(Script("Title", scenes), video, POOLS)}


@given(st.floats(0.001, 60), rates, st.booleans(), st.floats(0, 1.5), st.integers(1, MOST))
def test_the_pieces_are_the_whole_clip_and_none_is_empty(
    speech_s: float, fps: int, is_last: bool, fade_s: float, of: int
) -> None:
    frames = scene_frames(speech_s, fps, is_last=is_last, fade_s=fade_s)
    fade = fade_frames(fps, is_last=is_last, fade_s=fade_s)
    ranges = [Piece(number, of).frames(frames, fade) for number in range(1, of + 1)]
    assert [frame for part in ranges for frame in part] == list(range(frames))
    # The tail is the last one's alone, and it has a frame of the scene's own too.
    assert all(ranges) and ranges[-1].start < frames - fade


@given(st.floats(MOST + 1.0, 60), rates)
def test_no_piece_is_longer_work_than_another(speech_s: float, fps: int) -> None:
    frames, fade = scene_frames(speech_s, fps, is_last=False), fade_frames(fps, is_last=False)
    for of in range(1, MOST + 1):
        lengths = [len(Piece(number, of).frames(frames, fade)) for number in range(1, of + 1)]
        assert max(lengths) <= min(lengths) + 1


def test_how_many_there_are_follows_from_how_much_is_to_be_encoded() -> None:
    assert len(pieces_for("Two words.", width_px=1080, height_px=1920, fps=30)) == 1
    assert len(pieces_for(LONG, width_px=1080, height_px=1920, fps=30)) == 2
    assert len(pieces_for(LONG, width_px=1080, height_px=1920, fps=60)) == 4
    assert len(pieces_for(LONG, width_px=360, height_px=640, fps=30)) == 1
    assert len(pieces_for(LONG * 50, width_px=1080, height_px=1920, fps=30)) == MOST


def test_only_the_last_piece_waits_for_the_next_picture() -> None:
    plans = planned(Scene(1, LONG), Scene(2, "Two words."))
    assert plans["scene/1/clip/1"].needs == ("scene/1/narration", "scene/1/image")
    assert plans["scene/1/clip/2"].needs == ("scene/1/narration", "scene/1/image", "scene/2/image")
    assert plans["scene/2/clip"].needs == ("scene/2/narration", "scene/2/image")
    assert plans["scene/1/clip/1"].weight == plans["scene/1/clip/2"].weight == plans["scene/2/clip"].weight // 2


def test_pieces_and_whole_clips_are_joined_in_the_order_of_the_scenes() -> None:
    scenes = [Scene(number, LONG if number % 2 else "Short.") for number in range(1, 12)]
    assembled = clips_in_order(reversed(planned(*scenes)["assemble"].needs))
    assert assembled[:5] == [
        *("scene/1/clip/1", "scene/1/clip/2", "scene/2/clip", "scene/3/clip/1", "scene/3/clip/2"),
    ]
    assert assembled[-3:] == ["scene/10/clip", "scene/11/clip/1", "scene/11/clip/2"]
    of_a_variant = ["720x720/outro/clip", "720x720/scene/1/clip", "scene/1/narration", "720x720/intro/clip"]
    assert clips_in_order(of_a_variant) == ["720x720/intro/clip", "720x720/scene/1/clip", "720x720/outro/clip"]


def test_a_scene_that_is_computed_from_its_first_frame_on_stays_whole() -> None:
    assert planned(Scene(1, LONG, effect=Effect("tint")))["scene/1/clip"].kind == StepKind.CLIP


def test_the_whole_clip_is_what_would_be_planned_without_pieces() -> None:
    in_pieces = planned(Scene(1, LONG), Scene(2, "Two words."))
    # At a sixteenth of the pixels nothing is cut.
    small = planned(Scene(1, LONG), Scene(2, "Two words."), video=replace(TALL, width_px=270, height_px=480))
    found = without_pieces(in_pieces["scene/1/clip/2"].params)
    assert {**found, "width_px": 270, "height_px": 480} == small["scene/1/clip"].params


def test_a_clip_in_pieces_can_be_asked_for_as_a_whole() -> None:
    plans = list(planned(Scene(1, LONG), Scene(2, "Two words.")).values())
    kinds = {plan.name: plan.kind for plan in plans}
    assert wish_for("scene/1/clip", kinds) == "scene/1/clip"
    anew = fresh_names(plans, "scene/1/clip")
    assert anew == {"scene/1/clip/1", "scene/1/clip/2", "assemble", "gate"}
    assert fresh_names(plans, "scene/1/clip/2") == anew - {"scene/1/clip/1"}
    with pytest.raises(InvalidInput):
        wish_for("scene/1", kinds)
