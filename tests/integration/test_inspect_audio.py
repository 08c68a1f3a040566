"""Uploaded sound: what is accepted, and what a stranger may try."""

from __future__ import annotations

import http.server
import struct
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import UnsupportedMedia
from app.media.inspect_audio import AudioInfo, inspect_audio
from app.media.limited import read_in_process
from tests.media_samples import ffmpeg, tone, write_wav

CODINGS = {
    "mp3": ("mp3", ["-c:a", "libmp3lame", "-f", "mp3"]),
    "wav": ("wav", ["-c:a", "pcm_s16le", "-f", "wav"]),
    "wav24": ("wav", ["-c:a", "pcm_s24le", "-f", "wav"]),
    "flac": ("flac", ["-c:a", "flac", "-f", "flac"]),
    "vorbis": ("ogg", ["-c:a", "libvorbis", "-f", "ogg"]),
    "opus": ("ogg", ["-c:a", "libopus", "-f", "ogg"]),
    "m4a": ("mov", ["-c:a", "aac", "-f", "ipod"]),
    "adts": ("aac", ["-c:a", "aac", "-f", "adts"]),
}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "sound.wav", tone(3.0), rate_hz=48_000)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_content_decides_and_the_name_does_not(tmp_path: Path, sound: Path, coding: str) -> None:
    demuxer, options = CODINGS[coding]
    path = tmp_path / "my song: é.txt"
    ffmpeg("-i", sound, *options, path)

    info = inspect_audio(path)

    assert info == AudioInfo(info.duration_s, 48_000, 1, demuxer)
    assert info.duration_s == pytest.approx(3.0, abs=0.08)


def test_an_mp3_with_cover_art_is_music(tmp_path: Path, sound: Path) -> None:
    path = tmp_path / "cover.mp3"
    ffmpeg(
        *("-i", sound, "-f", "lavfi", "-i", "testsrc=s=900x900:d=0.04", "-map", "0:a", "-map", "1:v", "-c:v", "png"),
        *("-frames:v", "1", "-disposition:v", "attached_pic", "-c:a", "libmp3lame", path),
    )

    assert inspect_audio(path).format == "mp3"


class Trap(http.server.BaseHTTPRequestHandler):
    visits: list[str] = []

    def do_GET(self) -> None:
        self.visits.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def trap() -> Iterator[str]:
    """A server that remembers who came."""
    Trap.visits = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["song.mp3", "song.m4a", "song.wav", "song.ogg"])
@pytest.mark.parametrize("kind", ["hls", "hls-behind-a-tag", "ffconcat", "relative-concat", "sdp"])
def test_a_playlist_opens_nothing_else(tmp_path: Path, sound: Path, trap: str, name: str, kind: str) -> None:
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{trap}/a.ts\n#EXTINF:3,\n{sound}\n#EXT-X-ENDLIST\n"
    text = {
        "hls": hls,
        "hls-behind-a-tag": "ID3\x04\0\0\0\0\0\0" + hls,
        "ffconcat": f"ffconcat version 1.0\nfile '{trap}/a.mp3'\nfile '{sound}'\n",
        "relative-concat": "ffconcat version 1.0\nfile sound.wav\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na=control:{trap}\n",
    }[kind]
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(UnsupportedMedia):
        inspect_audio(path)
    assert Trap.visits == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 5000,
        b"<html><audio src=x></html>",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"OggS",
        b"fLaC\0\0\0\x22",
        b"ID3",
    ],
    ids=["nothing", "zeros", "html", "wav-header-only", "ogg-only", "flac-only", "tag-only"],
)
def test_what_holds_no_sound_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)

    with pytest.raises(UnsupportedMedia) as caught:
        inspect_audio(path)
    assert str(tmp_path) not in caught.value.message


def test_an_m4a_cut_before_its_index_is_refused(tmp_path: Path, sound: Path) -> None:
    path = tmp_path / "cut.m4a"
    ffmpeg("-i", sound, "-c:a", "aac", path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(UnsupportedMedia, match="damaged or cut short"):
        inspect_audio(path)


@pytest.mark.parametrize("name", ["many.mka", "many.m4a", "many.ogg"])
@pytest.mark.parametrize("streams", [9, 40])
def test_more_streams_than_we_open_are_refused(tmp_path: Path, sound: Path, name: str, streams: int) -> None:
    codec = "libopus" if name.endswith("ogg") else "aac"
    ffmpeg("-i", sound, *(["-map", "0:a"] * streams), "-c:a", codec, tmp_path / name)

    with pytest.raises(UnsupportedMedia, match="at most 8 are accepted|damaged"):
        inspect_audio(tmp_path / name)


@pytest.mark.parametrize("name", ["eight.mka", "eight.m4a"])
def test_as_many_streams_as_we_open_are_music(tmp_path: Path, sound: Path, name: str) -> None:
    ffmpeg("-i", sound, *(["-map", "0:a"] * 8), "-c:a", "aac", tmp_path / name)

    assert inspect_audio(tmp_path / name).duration_s == pytest.approx(3.0, abs=0.08)


def test_a_picture_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=1", path)

    with pytest.raises(UnsupportedMedia, match="no sound"):
        inspect_audio(path)


def test_ten_hours_are_refused(tmp_path: Path) -> None:
    rate_hz, ten_hours_s = 8_000, 36_000
    path = tmp_path / "endless.wav"
    with wave.open(str(path), "wb") as header:
        header.setparams((1, 1, rate_hz, rate_hz * ten_hours_s, "NONE", ""))
        header.writeframesraw(b"")
    with path.open("rb+") as file:
        # Sparse: the zeros are never written.
        file.write(struct.pack("<4sI", b"RIFF", 36 + rate_hz * ten_hours_s))
        file.seek(40)
        file.write(struct.pack("<I", rate_hz * ten_hours_s))
        file.truncate(44 + rate_hz * ten_hours_s)

    with pytest.raises(UnsupportedMedia, match="longer than 3 hours"):
        inspect_audio(path)


def test_more_streams_than_music_needs_are_refused(tmp_path: Path, sound: Path) -> None:
    path = tmp_path / "many.m4a"
    ffmpeg("-i", sound, *(["-map", "0:a"] * 40), "-c:a", "aac", path)

    with pytest.raises(UnsupportedMedia):
        inspect_audio(path)


@pytest.mark.parametrize(
    ("channels", "rate_hz", "said"),
    [
        (0, 48_000, "has no channels, or too many; 1 to 8 are accepted"),
        (9, 48_000, "has 9 channels; 1 to 8 are accepted"),
        (65_535, 48_000, "has no channels, or too many; 1 to 8 are accepted"),
        (2, 100, "has 100 samples a second; 8000 to 192000 are accepted"),
    ],
)
def test_what_a_header_says_too_much_or_too_little_of_is_told(
    tmp_path: Path, channels: int, rate_hz: int, said: str
) -> None:
    path, frame_bytes = tmp_path / "odd.wav", 2 * channels % 65_536
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 16)
    path.write_bytes(b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0" + form + b"data\0\0\x01\0" + bytes(65_536))

    with pytest.raises(UnsupportedMedia, match=said):
        inspect_audio(path)


def test_a_rare_codec_is_refused_by_name(tmp_path: Path, sound: Path) -> None:
    path = tmp_path / "rare.wav"
    ffmpeg("-i", sound, "-c:a", "adpcm_ima_wav", path)

    with pytest.raises(UnsupportedMedia, match="adpcm_ima_wav"):
        inspect_audio(path)


def test_a_reader_that_falls_takes_nothing_along(sound: Path) -> None:
    """A decoder's fall looks like this from outside: a process that ends without a word."""
    with pytest.raises(UnsupportedMedia, match="damaged or cut short"):
        read_in_process("app.media.no_such_reader", "wav", sound, "sound", "WAV is accepted.")


def test_the_reader_cannot_take_more_memory_than_it_was_given() -> None:
    code = (
        "from app.media.limited import MEMORY_BYTES, limit_this_process\n"
        "with limit_this_process(): pass\n"
        "try:\n    bytearray(MEMORY_BYTES)\nexcept MemoryError:\n    print('refused')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "refused\n"
