"""The output gate: a right video passes; every way to be wrong, made for real, is named with what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import GateFailed, LeaseLost
from app.media.gate import Expected, check_output
from app.media.join import join_video
from app.media.sound_print import KnownSound, sound_fingerprint
from app.media.soundtrack import Line, make_soundtrack
from tests.media_samples import ffmpeg, make_clip, nobody_cares, speech_like, write_wav

FRAMES = 240
PLAN = Expected(width_px=160, height_px=288, fps=30, frames=FRAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def sound(folder: Path) -> Path:
    speech = write_wav(folder / "speech.wav", speech_like(7.0))
    out = folder / "sound.m4a"
    make_soundtrack([Line(speech, 0.1)], duration_s=FRAMES / 30, music=None, out=out, report=nobody_cares)
    return out


@pytest.fixture(scope="module")
def good(folder: Path, sound: Path) -> Path:
    clips = [make_clip(folder / f"good{n}.mp4", FRAMES // 2, seed=n) for n in range(2)]
    out = folder / "good.mp4"
    join_video(clips, sound, fps=30, out=out, metadata={}, report=nobody_cares)
    return out


def of_clip(folder: Path, sound: Path, clip: Path) -> Path:
    out = folder / "video.mp4"
    join_video([clip], sound, fps=30, out=out, metadata={}, report=nobody_cares)
    return out


def misses_of(video: Path, plan: Expected = PLAN) -> list[str]:
    with pytest.raises(GateFailed) as caught:
        check_output(video, plan, nobody_cares)
    misses = caught.value.details["misses"]
    assert isinstance(misses, list)
    assert all(miss in caught.value.message for miss in misses)
    return misses


def test_a_right_video_passes_with_what_was_measured(good: Path) -> None:
    fractions: list[float] = []

    facts = check_output(good, PLAN, fractions.append)

    assert (facts.picture.width_px, facts.picture.height_px, facts.picture.frames) == (160, 288, FRAMES)
    assert facts.sound.duration_s == FRAMES / 30
    assert facts.sound.loudness.integrated_lufs == pytest.approx(-14.0, abs=0.5)
    assert facts.picture.longest_key_interval_s == 1.0
    assert facts.picture.frozen.duration_s == 0.0
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_soundtrack_that_was_measured_is_not_measured_again_but_where_it_is_another(
    good: Path, sound: Path, tmp_path: Path
) -> None:
    fingerprint = sound_fingerprint(sound)
    measured = check_output(good, PLAN, nobody_cares).sound
    told = replace(measured.loudness, integrated_lufs=measured.loudness.integrated_lufs + 0.25)

    as_told = replace(measured, loudness=told)
    assert check_output(good, PLAN, nobody_cares, KnownSound(fingerprint, told)).sound == as_told

    other = tmp_path / "other.m4a"
    speech = write_wav(tmp_path / "speech.wav", speech_like(6.0))
    make_soundtrack([Line(speech, 0.1)], duration_s=FRAMES / 30, music=None, out=other, report=nobody_cares)
    clip = make_clip(tmp_path / "clip.mp4", FRAMES)
    assert sound_fingerprint(other) != fingerprint
    with_other = of_clip(tmp_path, other, clip)
    anew = check_output(with_other, PLAN, nobody_cares, KnownSound(fingerprint, told)).sound
    assert anew == check_output(with_other, PLAN, nobody_cares).sound != as_told


def test_size_and_frame_count_are_the_plans(good: Path) -> None:
    assert misses_of(good, replace(PLAN, width_px=162)) == ["160×288 pixels instead of 162×288"]
    assert misses_of(good, replace(PLAN, frames=FRAMES - 1))[0] == "240 frames instead of 239"


def test_another_frame_rate_is_off_the_grid(good: Path) -> None:
    assert any("timestamps off the grid of 25 fps" in miss for miss in misses_of(good, replace(PLAN, fps=25)))


def test_a_varying_frame_rate_is_off_the_grid(tmp_path: Path, good: Path) -> None:
    video = tmp_path / "varying.mp4"
    jitter = "setts=pts=PTS+if(eq(mod(N\\,50)\\,49)\\,200\\,0)"
    ffmpeg("-i", good, "-c", "copy", "-bsf:v", jitter, "-movflags", "+faststart", video)

    assert any("timestamps off the grid" in miss for miss in misses_of(video))


def test_a_missing_tag_is_named(tmp_path: Path, sound: Path) -> None:
    video = of_clip(tmp_path, sound, make_clip(tmp_path / "0.mp4", FRAMES, tagged=False))

    assert misses_of(video) == ["the picture is not tagged as BT.709"]


@pytest.mark.parametrize(
    ("options", "measured"),
    [
        ({"x264": {"profile": "main"}}, "h264 Main yuv420p"),
        ({"x264": {"profile": "high444"}, "pixel_format": "yuv444p"}, "h264 High 4:4:4 Predictive yuv444p"),
    ],
)
def test_another_coding_is_named(tmp_path: Path, sound: Path, options: dict[str, object], measured: str) -> None:
    video = of_clip(tmp_path, sound, make_clip(tmp_path / "0.mp4", FRAMES, **options))

    assert f"the picture is {measured}, not h264 High yuv420p" in misses_of(video)


def test_too_long_without_a_key_frame_is_named(tmp_path: Path, sound: Path) -> None:
    video = of_clip(tmp_path, sound, make_clip(tmp_path / "0.mp4", FRAMES, gop=90))

    assert misses_of(video) == ["3.00 s without a key frame"]


def test_a_black_stretch_is_named_unless_it_was_asked_for(tmp_path: Path, sound: Path) -> None:
    parts = [make_clip(tmp_path / "0.mp4", 120), make_clip(tmp_path / "1.mp4", 120, grey=16, caption=True)]
    video = tmp_path / "video.mp4"
    join_video(parts, sound, fps=30, out=video, metadata={}, report=nobody_cares)

    assert misses_of(video) == ["black for 4.0 s from 4.0 s"]
    check_output(video, replace(PLAN, watched=(range(120),)), nobody_cares)
    check_output(video, replace(PLAN, watched=()), nobody_cares)


def test_what_may_be_black_in_one_place_may_not_be_in_another(tmp_path: Path, sound: Path) -> None:
    greys = (16, 128, 16, 128)
    parts = [make_clip(tmp_path / f"{n}.mp4", 60, seed=n, grey=grey) for n, grey in enumerate(greys)]
    video = tmp_path / "video.mp4"
    join_video(parts, sound, fps=30, out=video, metadata={}, report=nobody_cares)

    check_output(video, replace(PLAN, watched=(range(60, 120), range(180, 240))), nobody_cares)
    # Black is what is watched of it alone, and no stretch goes on into the next.
    assert misses_of(video, replace(PLAN, watched=(range(60, 240),))) == ["black for 2.0 s from 4.0 s"]
    assert misses_of(video, replace(PLAN, watched=(range(30), range(120, 210)))) == ["black for 2.0 s from 4.0 s"]
    assert misses_of(video, replace(PLAN, watched=(range(45), range(60, 120)))) == ["black for 1.5 s from 0.0 s"]


def test_two_looks_at_the_same_still_are_no_frozen_stretch(tmp_path: Path, sound: Path) -> None:
    clip = make_clip(tmp_path / "0.mp4", FRAMES, size=(540, 960), moves=False)
    plan = replace(PLAN, width_px=540, height_px=960)
    video = of_clip(tmp_path, sound, clip)

    check_output(video, replace(plan, watched=(range(90), range(150, 240))), nobody_cares)
    assert misses_of(video, replace(plan, watched=(range(30), range(60, 240)))) == ["frozen for 5.0 s from 2.0 s"]


def test_a_flat_picture_is_neither_black_nor_frozen(tmp_path: Path, sound: Path) -> None:
    """Nothing in it could be seen to move."""
    check_output(of_clip(tmp_path, sound, make_clip(tmp_path / "0.mp4", FRAMES, grey=40)), PLAN, nobody_cares)


@pytest.mark.parametrize("caption", [False, True])
def test_a_frozen_stretch_is_named_even_under_moving_captions(tmp_path: Path, sound: Path, caption: bool) -> None:
    clip = make_clip(tmp_path / "0.mp4", FRAMES, size=(540, 960), moves=False, caption=caption)
    plan = replace(PLAN, width_px=540, height_px=960)

    assert misses_of(of_clip(tmp_path, sound, clip), plan) == ["frozen for 7.0 s from 0.0 s"]


@pytest.mark.parametrize("size", [(64, 64), (160, 288), (540, 960)])
def test_the_slowest_camera_is_not_taken_for_frozen(tmp_path: Path, sound: Path, size: tuple[int, int]) -> None:
    """1.5 % of zoom over eight seconds: slower than a scene of three quarters of a minute."""
    clip = make_clip(tmp_path / "0.mp4", FRAMES, size=size, moves=False, zoom=0.015, caption=True)
    plan = replace(PLAN, width_px=size[0], height_px=size[1])

    check_output(of_clip(tmp_path, sound, clip), plan, nobody_cares)


def test_a_late_index_is_named(tmp_path: Path, good: Path) -> None:
    video = tmp_path / "late.mp4"
    ffmpeg("-i", good, "-c", "copy", video)

    assert misses_of(video) == ["the index stands behind the data (no faststart)"]


def with_sound(tmp_path: Path, good: Path, *options: str) -> Path:
    video = tmp_path / "resounded.mp4"
    ffmpeg("-i", good, "-c:v", "copy", "-c:a", "aac", "-b:a", "192k", *options, "-movflags", "+faststart", video)
    return video


@pytest.mark.parametrize(
    ("options", "miss"),
    [
        (["-af", "volume=-3dB"], "-17.0 LUFS, not within -14.5 and -13.5"),
        (["-af", "volume=-120dB"], "the sound is silent"),
        (["-ar", "44100"], "the sound is aac LC 44100 Hz × 2, not aac LC 48000 Hz × 2"),
        (["-ac", "1"], "the sound is aac LC 48000 Hz × 1, not aac LC 48000 Hz × 2"),
        (["-af", "atrim=end=7.5"], "7.500 s of sound to 8.000 s of picture"),
        (["-c:a", "libmp3lame"], "the sound is mp3float"),
    ],
    ids=["soft", "silent", "44.1-kHz", "mono", "short", "mp3"],
)
def test_a_wrong_sound_is_named(tmp_path: Path, good: Path, options: list[str], miss: str) -> None:
    assert any(found.startswith(miss) for found in misses_of(with_sound(tmp_path, good, *options)))


def test_a_peak_above_the_ceiling_is_named(tmp_path: Path, good: Path) -> None:
    video = with_sound(tmp_path, good, "-af", "volume=4dB")

    assert any("dBTP above -1.5" in miss for miss in misses_of(video))


def test_a_late_sound_is_named(tmp_path: Path, good: Path) -> None:
    video = tmp_path / "late.mp4"
    ffmpeg(
        *("-i", good, "-itsoffset", "0.3", "-i", good, "-map", "0:v", "-map", "1:a", "-c", "copy"),
        *("-movflags", "+faststart", video),
    )

    assert any(miss.startswith("the sound starts at 0.") for miss in misses_of(video))


def test_missing_and_surplus_tracks_are_named(tmp_path: Path, good: Path) -> None:
    mute, twice = tmp_path / "mute.mp4", tmp_path / "twice.mp4"
    ffmpeg("-i", good, "-c", "copy", "-an", mute)
    ffmpeg("-i", good, "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", "-movflags", "+faststart", twice)

    assert misses_of(mute) == ["1 picture and 0 sound tracks"]
    assert misses_of(twice) == ["2 sound tracks instead of 1"]


def test_a_single_word_is_held_to_sanity_only(tmp_path: Path) -> None:
    sound = tmp_path / "s.m4a"
    word = write_wav(tmp_path / "word.wav", speech_like(0.3))
    make_soundtrack([Line(word, 0.1)], duration_s=1.5, music=None, out=sound, report=nobody_cares)
    video = of_clip(tmp_path, sound, make_clip(tmp_path / "0.mp4", 45))

    check_output(video, replace(PLAN, frames=45), nobody_cares)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 0.95])
def test_a_file_cut_short_never_passes(tmp_path: Path, good: Path, kept: float) -> None:
    video = tmp_path / "cut.mp4"
    content = good.read_bytes()
    video.write_bytes(content[: int(len(content) * kept)])

    assert misses_of(video)


def test_a_lost_lease_passes_through(good: Path) -> None:
    def lose_the_lease(fraction: float) -> None:
        raise LeaseLost("the job was canceled")

    with pytest.raises(LeaseLost):
        check_output(good, PLAN, lose_the_lease)
