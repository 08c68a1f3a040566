"""When a video will be done: from what steps took, what is before it, and how many hands there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.estimate import (
    ONCE,
    PER_SCENE,
    USUAL_SCENE_S,
    DoneStep,
    Outlook,
    Told,
    Work,
    planned_work,
    queued_seconds,
    seconds_to_end,
    video_seconds,
)
from app.domain.plan import StepKind, StepPlan
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.video import VideoInput

HD, SMALL = 1080 * 1920, 90 * 160
CPU_KINDS = PER_SCENE
# A second for each step, twenty for a clip.
DONE = [
    DoneStep(kind, "cpu" if kind in CPU_KINDS else "io", 20.0 if kind == StepKind.CLIP else 1.0)
    for kind in (*ONCE, *PER_SCENE)
]
IDLE = Outlook(done=DONE, slots={"cpu": 2, "io": 8})
SCRIPT = Script("Rivers", (Scene(1, "Rivers carry rain to the sea."), Scene(2, "They shape the valleys.")))


def test_a_step_takes_what_those_of_its_own_frame_took_before_any_other() -> None:
    outlook = Outlook(
        done=[DoneStep(StepKind.CLIP, "cpu", took, pixels) for took, pixels in ((9, HD), (8, HD), (7, HD), (1, SMALL))]
    )
    assert outlook.step_s(StepKind.CLIP, HD) == 8
    assert outlook.step_s(StepKind.CLIP, SMALL) == 1
    # Of another frame, in proportion: the median is between those of 8 and of 9 s.
    assert outlook.step_s(StepKind.CLIP, 2 * HD) == pytest.approx(17)
    assert outlook.step_s(StepKind.IMAGE, HD) is None


def test_two_hands_share_what_can_be_shared_and_the_end_is_for_one() -> None:
    alone = queued_seconds(2 * USUAL_SCENE_S, 1, IDLE)
    # Two scenes of 22 s on two hands; assembly and gate follow.
    assert alone == 22 + 2
    assert queued_seconds(2 * USUAL_SCENE_S, 1, replace(IDLE, slots={"cpu": 1, "io": 8})) == 44 + 2
    # One scene is a chain: script, narration beside picture, clip.
    assert queued_seconds(USUAL_SCENE_S, 1, IDLE) == 1 + 1 + 20 + 2


def test_what_has_begun_and_who_is_before_come_first() -> None:
    begun = replace(IDLE, left={("cpu", StepKind.CLIP): 4})
    assert queued_seconds(USUAL_SCENE_S, 1, begun) == (4 * 20 + 22) / 2 + 2
    queue = replace(IDLE, queued=10, queued_s=10 * USUAL_SCENE_S)
    assert [queued_seconds(USUAL_SCENE_S, place, queue) for place in (3, 10)] == [3 * 22 / 2 + 2, 10 * 22 / 2 + 2]


@pytest.mark.parametrize(
    "outlook",
    [Outlook(), replace(IDLE, slots={}), replace(IDLE, slots={"io": 8}), replace(IDLE, done=DONE[:-1])],
    ids=["nothing is known", "no workers", "none for the clips", "never made a clip"],
)
def test_what_would_be_a_guess_is_none(outlook: Outlook) -> None:
    assert queued_seconds(60.0, 1, outlook) is None


def test_the_length_of_a_queued_job_may_not_be_known() -> None:
    assert queued_seconds(None, 1, IDLE) is None


def test_a_plan_with_a_step_that_was_never_done_is_no_work_to_go_by() -> None:
    clip = StepPlan("scene/1/clip", StepKind.CLIP, Pool.CPU, {"width_px": 90, "height_px": 160})
    assert planned_work([clip, clip], IDLE) == [Work(StepKind.CLIP, "cpu", 20.0, 40.0)]
    assert planned_work([clip, replace(clip, kind=StepKind.TEASER)], IDLE) is None
    assert seconds_to_end([Work(StepKind.CLIP, "gpu", 1.0, 1.0)], IDLE, 1) is None


def test_a_voice_that_was_heard_is_known_better_than_one_that_was_not() -> None:
    video = VideoInput(language="en")
    heard = Outlook(told=[Told("en", 2.0), Told("en", 2.2), Told("en", 1.8), Told("de", 0.5)])
    breaths_s = video_seconds(SCRIPT, video, Outlook(told=[Told("en", 0.0)]))
    plain = video_seconds(SCRIPT, video, Outlook(told=[Told("en", 1.0)]))
    assert video_seconds(SCRIPT, video, heard) - breaths_s == pytest.approx(2 * (plain - breaths_s), abs=0.1)
    # Whole frames, whatever the words.
    assert video_seconds(SCRIPT, video, Outlook()) * video.fps == pytest.approx(
        round(video_seconds(SCRIPT, video, Outlook()) * video.fps)
    )
