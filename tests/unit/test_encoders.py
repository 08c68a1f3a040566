"""Which encoder a worker and a clip get: decided from what came of the test encodes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.encoders import (
    HARDWARE,
    X264_UNTRIED,
    EncoderChoice,
    EncoderName,
    EncoderUnusable,
    Trial,
    agree,
    choice_for_clip,
    choose_encoder,
)
from app.domain.plan import StepKind, VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.video import VideoInput
from config.settings import SettingsError, load_settings

NVENC = EncoderChoice(EncoderName.NVENC, "its test encode succeeded", "print")


def trials(**faults: str | None) -> dict[EncoderName, Trial]:
    return {EncoderName(name): Trial(EncoderName(name), fault, f"{name}-print") for name, fault in faults.items()}


def test_the_first_hardware_whose_trial_succeeds_is_used_and_no_further_one_is_tried() -> None:
    known = trials(nvenc="no driver", videotoolbox=None)
    choice = choose_encoder("auto", known.__getitem__)
    assert choice == EncoderChoice(EncoderName.VIDEOTOOLBOX, "its test encode succeeded", "videotoolbox-print")


def test_without_hardware_it_is_x264_and_the_reason_names_what_each_said() -> None:
    choice = choose_encoder("auto", trials(nvenc="no driver", videotoolbox="unknown", vaapi="no device").__getitem__)
    assert choice.name == EncoderName.X264
    assert choice.why == "no hardware encoder works here (nvenc: no driver; videotoolbox: unknown; vaapi: no device)"


def test_x264_is_taken_without_a_trial_when_it_is_asked_for() -> None:
    assert choose_encoder("x264", {}.__getitem__).name == EncoderName.X264


def test_an_encoder_that_was_asked_for_and_fails_is_refused_with_what_it_said() -> None:
    assert choose_encoder("vaapi", trials(vaapi=None).__getitem__).name == EncoderName.VAAPI
    with pytest.raises(EncoderUnusable, match="VIDEO_ENCODER is nvenc, and its test encode failed: no driver"):
        choose_encoder("nvenc", trials(nvenc="no driver").__getitem__)


def test_software_that_is_driven_as_hardware_is_never_chosen_by_itself() -> None:
    assert EncoderName.OPENH264 not in HARDWARE and EncoderName.X264 not in HARDWARE


def test_workers_agree_when_they_are_of_one_encoder_and_one_fingerprint() -> None:
    assert agree([]) and agree([("nvenc", "a"), ("nvenc", "a")])
    assert not agree([("nvenc", "a"), ("nvenc", "b")])
    assert not agree([("nvenc", "a"), ("x264", "")])


@pytest.mark.parametrize(
    ("keep_to_x264", "attempt", "side_px", "used"),
    [
        (False, 1, 1080, "nvenc"),
        (True, 1, 1080, "x264"),
        (False, 2, 1080, "x264"),
        (False, 1, 144, "x264"),
    ],
)
def test_a_clip_is_made_by_x264_wherever_the_hardware_might_not_do(
    keep_to_x264: bool, attempt: int, side_px: int, used: str
) -> None:
    choice = choice_for_clip(NVENC, keep_to_x264=keep_to_x264, attempt=attempt, shorter_side_px=side_px)
    assert choice.name == used and choice.why


def test_a_worker_with_x264_alone_keeps_its_reason() -> None:
    assert choice_for_clip(X264_UNTRIED, keep_to_x264=True, attempt=2, shorter_side_px=64) is X264_UNTRIED


def test_only_where_workers_differ_the_plan_keeps_clips_to_x264() -> None:
    script, pools = Script(None, (Scene(1, "One."), Scene(2, "Two."))), VideoPools(Pool.IO, Pool.CPU, Pool.CPU)
    for workers_agree in (True, False):
        plans = plan_scenes(script, VideoInput(text="…"), replace(pools, workers_agree=workers_agree))
        clips = [plan.params for plan in plans if plan.kind == StepKind.CLIP]
        assert [params.get("keep_to_x264", False) for params in clips] == [not workers_agree] * 2


def test_the_setting_is_one_of_the_encoders_or_auto() -> None:
    assert load_settings({}).video_encoder == "auto"
    assert load_settings({"VIDEO_ENCODER": "NVENC"}).video_encoder == "nvenc"
    with pytest.raises(SettingsError, match="VIDEO_ENCODER: must be one of auto, x264, nvenc"):
        load_settings({"VIDEO_ENCODER": "gpu"})
