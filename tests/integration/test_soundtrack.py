"""The soundtrack as it is heard: placed to the sample, at −14 LUFS, over ducked music."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.domain.errors import BadMedia, LeaseLost, PermanentError, UnsupportedMedia
from app.media.aac import decode_sound
from app.media.soundtrack import Line, make_soundtrack
from tests.media_samples import ffmpeg, loudness_by_ffmpeg, nobody_cares, speech_like, tone, write_wav


def heard(path: Path) -> np.ndarray:
    """All samples, of shape (2, frames)."""
    return np.concatenate(list(decode_sound(path)), axis=1)


def level_db(samples: np.ndarray) -> float:
    return 10.0 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Seven seconds of a 3 kHz tone, so that it can be told from speech by its frequency."""
    wav = write_wav(tmp_path / "tone.wav", tone(7.0, hz=3000.0, rate_hz=44_100), rate_hz=44_100)
    path = tmp_path / "müsic file.mp3"
    ffmpeg("-i", wav, "-b:a", "192k", path)
    return path


@pytest.mark.parametrize("duration_s", [0.01, 1.0, 2.35, 3.0])
def test_a_sound_is_decoded_second_by_second_to_its_last_sample(tmp_path: Path, duration_s: float) -> None:
    out, played = tmp_path / "sound.m4a", tmp_path / "played.f32"
    speech = write_wav(tmp_path / "speech.wav", speech_like(5.0)[: int(duration_s * 22_050)])
    make_soundtrack([Line(speech, 0.0)], duration_s=duration_s, music=None, out=out, report=nobody_cares)

    blocks = list(decode_sound(out))

    # What the edit list leaves out of the last packet is cut off at the sample.
    ffmpeg("-i", out, "-f", "f32le", "-c:a", "pcm_f32le", played)
    samples = np.fromfile(played, np.float32).reshape(-1, 2).T[:, : round(duration_s * 48_000)]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), samples)
    assert len(blocks) <= duration_s + 3
    assert max(block.shape[1] for block in blocks) <= 48_000


def test_speech_meets_the_target_on_ffmpegs_own_meter(tmp_path: Path) -> None:
    lines = [Line(write_wav(tmp_path / f"{n}.wav", speech_like(4.0, seed=n)), at_s=0.1 + 5 * n) for n in range(4)]
    out = tmp_path / "sound.m4a"

    report = make_soundtrack(lines, duration_s=20.0, music=None, out=out, report=nobody_cares)

    lufs, peak = loudness_by_ffmpeg(out)
    assert lufs == pytest.approx(-14.0, abs=0.3)
    assert peak <= -1.5
    assert report.integrated_lufs == pytest.approx(lufs, abs=0.1)
    assert report.true_peak_dbtp == pytest.approx(peak, abs=0.2)


def test_peaky_speech_meets_the_target_too(tmp_path: Path) -> None:
    """Clicks 16 dB above the voice: a constant gain alone would break the ceiling or stay too soft."""
    samples = speech_like(6.0, level=0.15)
    samples[2000::9000] = 32_000
    out = tmp_path / "sound.m4a"

    make_soundtrack(
        [Line(write_wav(tmp_path / "0.wav", samples), 0.1)], duration_s=7, music=None, out=out, report=nobody_cares
    )

    lufs, peak = loudness_by_ffmpeg(out)
    assert lufs == pytest.approx(-14.0, abs=0.5)
    assert peak <= -1.5


@pytest.mark.parametrize("duration_s", [0.05, 0.3, 0.6, 1.0])
def test_a_single_short_word_is_made(tmp_path: Path, duration_s: float) -> None:
    line = Line(write_wav(tmp_path / "word.wav", speech_like(duration_s)), 0.0)

    report = make_soundtrack([line], duration_s=duration_s, music=None, out=tmp_path / "s.m4a", report=nobody_cares)

    assert -30.0 < report.integrated_lufs < -12.0
    assert report.true_peak_dbtp <= -1.5


def test_silence_is_reported_in_finite_numbers(tmp_path: Path) -> None:
    report = make_soundtrack([], duration_s=2.0, music=None, out=tmp_path / "s.m4a", report=nobody_cares)

    assert (report.integrated_lufs, report.true_peak_dbtp) == (-70.0, -120.0)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_every_line_sounds_at_its_own_sample(tmp_path: Path, rate_hz: int) -> None:
    """Clicks at known times, through resampler, encoder and decoder: less than a third of a millisecond off."""
    click = np.zeros(rate_hz // 2)
    click[rate_hz // 4] = 30_000
    path = write_wav(tmp_path / "click.wav", click, rate_hz=rate_hz)
    starts_s = [0.0, 1.0 / 3.0, 2.7182818, 5.5, 9.4999]
    out = tmp_path / "sound.m4a"

    make_soundtrack([Line(path, at) for at in starts_s], duration_s=10.0, music=None, out=out, report=nobody_cares)

    left = np.abs(heard(out)[0])
    for at in starts_s:
        expected = round(at * 48_000) + 12_000
        nearby = left[expected - 2000 : expected + 2000]
        assert abs(int(nearby.argmax()) - 2000) <= 15


@pytest.mark.parametrize("duration_s", [0.6, 1.0, 7.0333333, 12.345678])
def test_it_lasts_exactly_as_long_as_the_picture(tmp_path: Path, duration_s: float) -> None:
    line = Line(write_wav(tmp_path / "0.wav", speech_like(0.5)), 0.05)
    out = tmp_path / "sound.m4a"

    report = make_soundtrack([line], duration_s=duration_s, music=None, out=out, report=nobody_cares)

    assert heard(out).shape == (2, round(duration_s * 48_000))
    assert report.duration_s == round(duration_s * 48_000) / 48_000
    with av.open(str(out)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("aac", "LC")
        assert (stream.rate, stream.channels, stream.start_time) == (48_000, 2, 0)


def at_3_khz(samples: np.ndarray) -> float:
    """Level of the music alone: its share of the spectrum around 3 kHz, in dB."""
    spectrum = np.abs(np.fft.rfft(samples[0] * np.hanning(samples.shape[1])))
    place = round(3000 * samples.shape[1] / 48_000)
    return 20 * float(np.log10(spectrum[place - 30 : place + 31].max() / samples.shape[1] + 1e-12))


def test_music_ducks_under_speech_comes_back_and_fades_out(tmp_path: Path, music: Path) -> None:
    line = Line(write_wav(tmp_path / "hum.wav", tone(6.0, hz=200.0, rate_hz=22_050)), 4.0)
    out = tmp_path / "sound.m4a"

    make_soundtrack([line], duration_s=18.0, music=music, out=out, report=nobody_cares)

    sound = heard(out)

    def music_at(time_s: float, for_s: float = 0.25) -> float:
        return at_3_khz(sound[:, int(time_s * 48_000) : int((time_s + for_s) * 48_000)])

    before, under, after = music_at(1.0), music_at(7.0), music_at(13.5)
    assert before == pytest.approx(after, abs=0.5)
    assert before - under == pytest.approx(10.0, abs=1.0)
    # Looked ahead: it is already well down when the first word sounds.
    assert before - music_at(4.0, 0.1) > 7.0
    assert level_db(sound[:, -2400:]) < -60.0
    assert music_at(16.5) < after - 3.0


def test_music_of_one_channel_is_as_loud_as_the_same_on_two(tmp_path: Path, music: Path) -> None:
    """And both sides of it are the same, to the bit."""
    twice = tmp_path / "twice.wav"
    ffmpeg("-i", music, "-ac", "2", twice)
    line = Line(write_wav(tmp_path / "0.wav", speech_like(3.0)), 3.0)
    levels = []
    for source in (music, twice):
        out = tmp_path / f"{source.stem}.m4a"
        make_soundtrack([line], duration_s=8.0, music=source, out=out, report=nobody_cares)
        left, right = heard(out)
        if source is music:
            assert np.array_equal(left, right)
        levels.append([at_3_khz(np.stack((left, right))[:, at : at + 12_000]) for at in (48_000, 4 * 48_000)])
    assert levels[0] == pytest.approx(levels[1], abs=0.2)


@pytest.mark.parametrize("channels", [1, 2])
def test_direct_current_in_music_is_not_heard_and_it_begins_without_a_click(tmp_path: Path, channels: int) -> None:
    # 110 Hz upon 0.7 of full scale, where a recorder was badly set.
    samples = tone(3.37, hz=110.0, level=0.2).astype(np.int32) + round(0.7 * 32767)
    recorded = write_wav(tmp_path / "dc.wav", np.repeat(samples, channels), rate_hz=48_000, channels=channels)
    out = tmp_path / "sound.m4a"

    make_soundtrack([], duration_s=8.0, music=recorded, out=out, report=nobody_cares)

    sound = heard(out)
    assert np.abs(sound.mean(axis=1)).max() < 1e-3
    # A tone alone fills a few hertz, a click all of them.
    beginning = np.abs(np.fft.rfft(sound[0, :4800] * np.hanning(9601)[4800:-1]))
    assert beginning[200:].max() < 0.01 * beginning.max()
    assert loudness_by_ffmpeg(out)[0] == pytest.approx(-14.0, abs=0.5)


def test_the_music_loops_without_a_gap(tmp_path: Path, music: Path) -> None:
    out = tmp_path / "sound.m4a"

    make_soundtrack([], duration_s=25.0, music=music, out=out, report=nobody_cares)

    sound = heard(out)[:, : 21 * 48_000]
    levels = [level_db(part) for part in np.array_split(sound, 210, axis=1)]
    assert max(levels) - min(levels) < 6.5  # equal tones may meet in or out of phase in a seam


def test_long_music_is_trimmed(tmp_path: Path, music: Path) -> None:
    out = tmp_path / "sound.m4a"

    make_soundtrack([], duration_s=3.0, music=music, out=out, report=nobody_cares)

    assert heard(out).shape == (2, 3 * 48_000)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, music: Path) -> None:
    line = Line(write_wav(tmp_path / "0.wav", speech_like(2.0)), 0.1)
    for name in ("one.m4a", "two.m4a"):
        make_soundtrack([line], duration_s=3.0, music=music, out=tmp_path / name, report=nobody_cares)

    assert (tmp_path / "one.m4a").read_bytes() == (tmp_path / "two.m4a").read_bytes()


def test_a_thousand_lines_need_neither_a_thousand_files_nor_a_large_memory(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = write_wav(tmp_path / "0.wav", speech_like(0.09))
    lines = [Line(path, n * 0.1) for n in range(1000)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 20, limits[1]))
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        make_soundtrack(lines, duration_s=101.0, music=None, out=tmp_path / "s.m4a", report=nobody_cares)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    unit_bytes = 1 if sys.platform == "darwin" else 1024
    assert grown * unit_bytes < 100 * 2**20


def test_a_lost_lease_leaves_nothing_behind(tmp_path: Path, music: Path) -> None:
    line = Line(write_wav(tmp_path / "0.wav", speech_like(2.0)), 0.1)
    before = sorted(tmp_path.iterdir())
    for share in (0.0, 0.05, 0.15, 0.35, 0.6, 0.85):

        def lose_the_lease(fraction: float, share: float = share) -> None:
            if fraction >= share:
                raise LeaseLost("the job was canceled")

        with pytest.raises(LeaseLost):
            make_soundtrack([line], duration_s=3.0, music=music, out=tmp_path / "s.m4a", report=lose_the_lease)
        assert sorted(tmp_path.iterdir()) == before


def test_progress_only_rises_and_reaches_the_whole(tmp_path: Path, music: Path) -> None:
    line = Line(write_wav(tmp_path / "0.wav", speech_like(2.0)), 0.1)
    fractions: list[float] = []

    make_soundtrack([line], duration_s=5.0, music=music, out=tmp_path / "s.m4a", report=fractions.append)

    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_line_that_does_not_fit_is_a_wrong_plan(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "0.wav", speech_like(2.0))

    with pytest.raises(PermanentError, match=r"line 1 ends 1\.\d+ s after"):
        make_soundtrack([Line(path, 0.5)], duration_s=1.0, music=None, out=tmp_path / "s.m4a", report=nobody_cares)
    with pytest.raises(PermanentError, match="line 1 starts at"):
        make_soundtrack([Line(path, 9.0)], duration_s=1.0, music=None, out=tmp_path / "s.m4a", report=nobody_cares)


def test_a_line_that_is_no_speech_file_is_bad_media(tmp_path: Path) -> None:
    stereo = write_wav(tmp_path / "stereo.wav", speech_like(1.0), channels=2)
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"\0" * 300)
    empty, cut = tmp_path / "empty.wav", write_wav(tmp_path / "cut.wav", speech_like(1.0))
    empty.touch()
    os.truncate(cut, cut.stat().st_size - 1001)

    damaged = "The speech of line 1 is damaged or cut short."
    for path, said in ((stereo, "line 1 is not a mono"), (noise, damaged), (empty, damaged), (cut, damaged)):
        with pytest.raises(BadMedia, match=said):
            make_soundtrack([Line(path, 0.0)], duration_s=2.0, music=None, out=tmp_path / "s.m4a", report=nobody_cares)


def test_music_that_is_none_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "music.mp3"
    fake.write_text("#EXTM3U\n/etc/passwd\n")

    with pytest.raises(UnsupportedMedia):
        make_soundtrack([], duration_s=2.0, music=fake, out=tmp_path / "s.m4a", report=nobody_cares)
    assert not (tmp_path / "s.m4a").exists()
