"""The timeline: whole frames, no drift, and words that stay where they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.timeline import BREATH_S, FADE_S, LEAD_IN_S, Pace, frames_of_ours, lay_out, scene_frames, whole_frames

durations = st.lists(st.floats(min_value=0.05, max_value=60, allow_nan=False), min_size=1, max_size=60)


@given(durations, st.sampled_from([24, 25, 30, 60]))
def test_scenes_follow_each_other_without_a_gap_or_an_overlap(speech_s: list[float], fps: int) -> None:
    timings = lay_out(speech_s, fps)
    for earlier, later in zip(timings, timings[1:], strict=False):
        assert later.start_frame == earlier.end_frame


@given(durations, st.sampled_from([24, 25, 30, 60]))
def test_every_narration_ends_before_the_crossfade_of_its_scene_begins(speech_s: list[float], fps: int) -> None:
    for spoken_s, timing in zip(speech_s, lay_out(speech_s, fps), strict=True):
        fade_starts_s = (timing.end_frame - timing.fade_frames) / fps
        assert timing.speech_at_s + spoken_s <= fade_starts_s + 1 / fps


@given(durations)
def test_a_scene_is_never_a_frame_longer_than_it_must_be(speech_s: list[float]) -> None:
    tolerance_frames = 1e-4
    for spoken_s, timing in zip(speech_s[:-1], lay_out(speech_s, 30)[:-1], strict=True):
        surplus_frames = timing.frames - (LEAD_IN_S + spoken_s + BREATH_S) * 30
        assert -tolerance_frames <= surplus_frames < 1 + tolerance_frames


def test_a_duration_that_is_a_whole_number_of_frames_gains_none() -> None:
    assert scene_frames(4.3 - LEAD_IN_S - BREATH_S, 30, is_last=False) == 129


def test_only_the_last_scene_has_no_crossfade() -> None:
    assert [timing.fade_frames for timing in lay_out([1.0, 1.0, 1.0], 30)] == [round(FADE_S * 30)] * 2 + [0]


def test_what_is_ours_ends_where_the_transition_into_the_callers_own_begins() -> None:
    timings = lay_out([1.3] * 5, 30)
    starts = [timing.start_frame for timing in timings]
    fade = timings[0].fade_frames
    assert frames_of_ours(timings, []) == (range(timings[-1].end_frame),)
    assert frames_of_ours(timings, [3]) == (range(starts[2] - fade), range(starts[3], timings[-1].end_frame))
    assert frames_of_ours(timings, [1, 5]) == (range(starts[1], starts[4] - fade),)
    assert frames_of_ours(timings, [1, 2, 3, 4, 5]) == ()


def test_title_cards_are_not_ours_to_watch() -> None:
    pace = Pace(intro_s=2.0, outro_s=3.0)
    timings = lay_out([1.3] * 2, 30, pace)
    (ours,) = frames_of_ours(timings, [])
    assert (ours.start, whole_frames(timings, pace) - ours.stop) == (60, 90)
