"""The sound alone: as long, as loud and as clean as in the video, in files that players know; and a check of them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from app.domain.errors import GateFailed, LeaseLost
from app.media.aac import decode_sound
from app.media.audio_file import AudioFacts, check_audio, make_m4a, make_mp3
from app.media.output_facts import moov_is_first
from app.media.soundtrack import Line, make_soundtrack
from tests.media_samples import ffmpeg, loudness_by_ffmpeg, nobody_cares, speech_like, tone, write_wav

LENGTH_S = 12.0
FORMATS = ("m4a", "mp3")


@pytest.fixture(scope="module")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audio")
    speech = write_wav(folder / "speech.wav", speech_like(11.0))
    make_soundtrack([Line(speech, 0.1)], duration_s=LENGTH_S, music=None, out=folder / "s.m4a", report=nobody_cares)
    return folder / "s.m4a"


def made(soundtrack: Path, folder: Path, format: str, title: str | None = "Größe & Ruhm") -> Path:
    out = folder / f"audio.{format}"
    if format == "m4a":
        make_m4a(soundtrack, title, out)
    else:
        make_mp3(soundtrack, title, out, nobody_cares)
    return out


@pytest.mark.parametrize("format", FORMATS)
def test_it_lasts_as_long_as_the_video_and_is_as_loud(soundtrack: Path, tmp_path: Path, format: str) -> None:
    out = made(soundtrack, tmp_path, format)
    facts = check_audio(out, format, LENGTH_S)
    assert isinstance(facts, AudioFacts) and facts.duration_s == pytest.approx(LENGTH_S, abs=0.03)
    lufs, peak_dbtp = loudness_by_ffmpeg(out)
    assert lufs == pytest.approx(-14.0, abs=0.5) and peak_dbtp <= -1.3
    with av.open(str(out)) as container:
        assert container.metadata["title"] == "Größe & Ruhm"


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_sound_gives_the_same_bytes(soundtrack: Path, tmp_path: Path, format: str) -> None:
    first = made(soundtrack, tmp_path, format).read_bytes()
    assert made(soundtrack, tmp_path, format).read_bytes() == first


def test_the_m4a_is_the_videos_sound_to_the_sample_and_plays_before_it_has_arrived(
    soundtrack: Path, tmp_path: Path
) -> None:
    out = made(soundtrack, tmp_path, "m4a", title=None)
    whole, copied = (np.concatenate(list(decode_sound(path)), axis=1) for path in (soundtrack, out))
    assert np.array_equal(whole, copied)
    assert moov_is_first(out)


def test_the_mp3_does_not_lag_behind(soundtrack: Path, tmp_path: Path) -> None:
    out = made(soundtrack, tmp_path, "mp3")
    one, other = (
        np.concatenate(list(decode_sound(path, demuxer)), axis=1)[0][: 10 * 48_000]
        for path, demuxer in ((soundtrack, "mov"), (out, "mp3"))
    )
    assert np.corrcoef(one, other)[0, 1] > 0.98


def test_what_is_wrong_with_one_is_told(soundtrack: Path, tmp_path: Path) -> None:
    ffmpeg("-i", soundtrack, "-af", "volume=-9dB", "-t", "6", tmp_path / "quiet.mp3")
    (tmp_path / "none.mp3").write_bytes(b"not a sound")
    write_wav(tmp_path / "tone.wav", tone(LENGTH_S, level=0.01))
    ffmpeg("-i", tmp_path / "tone.wav", "-c:a", "aac", tmp_path / "mono.m4a")
    for name, format, said in (
        ("quiet.mp3", "mp3", ["s instead of 12.000 s", "LUFS, not within"]),
        ("none.mp3", "mp3", ["cannot be read"]),
        ("mono.m4a", "m4a", ["the sound is aac 22050 Hz × 1", "LUFS, not within"]),
    ):
        with pytest.raises(GateFailed) as caught:
            check_audio(tmp_path / name, format, LENGTH_S)
        assert all(part in caught.value.message for part in said), caught.value.message


def test_a_cancel_ends_it_and_leaves_no_file(soundtrack: Path, tmp_path: Path) -> None:
    def canceled(_: float) -> None:
        raise LeaseLost("canceled")

    with pytest.raises(LeaseLost):
        make_mp3(soundtrack, None, tmp_path / "audio.mp3", canceled)
    assert list(tmp_path.iterdir()) == []
