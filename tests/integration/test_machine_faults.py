"""What the machine fails at is tried again, blames no one's media, and names no file of the server."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from app.domain.errors import BadMedia, GateFailed, StepError, StorageFull, TransientError
from app.media.audio_file import check_audio, make_m4a, make_mp3
from app.media.ffmpeg import failure_of, run_ffmpeg
from app.media.gate import Expected, check_output
from app.media.inspect_audio import inspect_audio
from app.media.inspect_image import inspect_image
from app.media.inspect_video import inspect_video
from app.media.logo import load_logo
from app.media.picture_planes import load_planes
from app.media.poster import make_poster
from app.media.teaser import TeaserSpec, check_teaser
from app.media.user_picture import import_picture
from app.services.run_step import as_step_error
from tests.broken_places import BROKEN_DISK, FULL_DISK, UNREADABLE, UNWRITABLE
from tests.media_samples import always_wanted, ffmpeg, nobody_cares

FRAME_PX = (90, 160)
TEASER = TeaserSpec(0.0, 1.0, 80, 144)


def take_in(source: Path, out: Path) -> None:
    import_picture(source, out, frame_px=FRAME_PX, still_wanted=always_wanted)


READERS: dict[str, Callable[[Path], object]] = {
    "gate": lambda path: check_output(path, Expected(90, 160, 30, 30), nobody_cares),
    "gate of a teaser": lambda path: check_teaser(path, "gif", TEASER, may_be_still=True),
    "gate of a sound": lambda path: check_audio(path, "m4a", 1.0),
    "own picture": lambda path: take_in(path, path.parents[1] / "out.jpg"),
    "picture of a clip": lambda path: load_planes(path, *FRAME_PX),
    "logo": load_logo,
    "upload of a picture": inspect_image,
    "upload of a sound": inspect_audio,
    "upload of a video": inspect_video,
}
needs_broken_files = pytest.mark.skipif(
    not (FULL_DISK.exists() and BROKEN_DISK.exists()), reason="this system has no file that is always full, or broken"
)


@needs_broken_files
@pytest.mark.parametrize("place", UNREADABLE)
@pytest.mark.parametrize("read", READERS)
def test_what_the_machine_cannot_read_blames_no_content(tmp_path: Path, read: str, place: str) -> None:
    path = UNREADABLE[place](tmp_path)
    with pytest.raises(TransientError) as caught:
        READERS[read](path)
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize(
    "read", ["gate", "gate of a teaser", "gate of a sound", "own picture", "picture of a clip", "logo"]
)
def test_content_that_is_bad_stays_so_and_names_no_file(tmp_path: Path, read: str) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "bad"
    path.write_bytes(b"not what it should be")
    with pytest.raises((BadMedia, GateFailed)) as caught:
        READERS[read](path)
    assert str(tmp_path) not in caught.value.message


@needs_broken_files
def test_a_full_disk_blames_no_picture_of_the_caller(tmp_path: Path) -> None:
    Image.effect_noise((400, 600), 80).save(tmp_path / "own.png")
    with pytest.raises(StorageFull):
        take_in(tmp_path / "own.png", FULL_DISK)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sound") / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1:r=48000", "-ac", "2", "-c:a", "aac", made)
    return made


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("video") / "video.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=90x160:d=1", "-pix_fmt", "yuv420p", made)
    return made


@pytest.mark.parametrize("place", UNWRITABLE)
def test_a_work_folder_that_has_gone_is_worth_another_attempt(
    tmp_path: Path, place: str, sound: Path, video: Path
) -> None:
    out = UNWRITABLE[place](tmp_path)
    writers: list[Callable[[], object]] = [
        lambda: make_m4a(sound, None, out.with_suffix(".m4a")),
        lambda: make_mp3(sound, None, out.with_suffix(".mp3"), nobody_cares),
        lambda: make_poster(video, at_s=0.0, out=out.with_suffix(".jpg")),
        lambda: run_ffmpeg(["-i", str(video), "-y", f"{out}.mp4"], expected_s=1.0, report=nobody_cares),
    ]
    for write in writers:
        with pytest.raises(TransientError) as caught:
            write()
        assert not isinstance(caught.value, StorageFull)
        assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ETIMEDOUT, errno.EIO, errno.ENOTDIR, errno.EROFS])
@pytest.mark.parametrize("raised_by", [OSError, av.error.OSError], ids=["the system", "libav"])
def test_a_step_that_the_system_fails_is_tried_again(number: int, raised_by: type[Exception]) -> None:
    error = as_step_error(raised_by(number, os.strerror(number), "/srv/farm/work/7-1/clip.mp4"))
    assert (type(error), error.code) == (TransientError, "TRANSIENT")
    assert "/" not in error.message.replace("Input/output", "")


def test_what_nobody_foresaw_names_no_file_either() -> None:
    error = as_step_error(RuntimeError("cannot use 'file:/srv/a farm/7-1/x.mp4': no reason and/or rhyme"))
    assert error.message == "An unforeseen error: RuntimeError: cannot use '…': no reason and/or rhyme"


@pytest.mark.parametrize("words", ["No such file or directory", "Stale file handle", "Connection timed out"])
def test_ffmpeg_that_lost_its_folder_is_run_again(words: str) -> None:
    failure = failure_of(1, f"[out#0] Error opening output /srv/work/7-1/clip.mp4: {words}\nError opening output files")
    assert isinstance(failure, TransientError)
    assert failure.message == f"ffmpeg failed: {words}"


def test_no_failure_of_ffmpeg_names_a_file() -> None:
    failures: list[StepError] = [
        failure_of(183, "Error opening input file /srv/a farm/clip.mp4: Invalid data found when processing input"),
        failure_of(1, "Nothing was written into output file file:/srv/a farm/clip.mp4"),
        failure_of(128 + signal.SIGKILL, "/srv/a farm/clip.mp4"),
    ]
    assert all("/" not in failure.message for failure in failures)
