"""The teaser: a piece of a video as GIF and WebP, right in length, colour and loop; and a check that tells when not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from app.domain.errors import BadMedia, GateFailed
from app.domain.variants import Frame, Teaser
from app.media.poster import make_poster
from app.media.teaser import FRAME_S, TeaserSpec, check_teaser, fit_piece, length_s, make_teaser
from tests.media_samples import ffmpeg, make_clip, nobody_cares

SPEC = TeaserSpec(start_s=1.0, duration_s=2.0, width_px=80, height_px=144)
FORMATS = ("gif", "webp")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("teaser") / "video.mp4", 120)


def teaser(video: Path, folder: Path, format: str, spec: TeaserSpec = SPEC) -> Path:
    make_teaser(video, spec, out := folder / f"teaser.{format}", nobody_cares)
    return out


@pytest.mark.parametrize("format", FORMATS)
def test_it_loops_for_ever_and_lasts_as_long_as_was_asked(video: Path, tmp_path: Path, format: str) -> None:
    facts = check_teaser(teaser(video, tmp_path, format), format, SPEC, may_be_still=False)
    assert (facts.format, facts.width_px, facts.height_px, facts.loops) == (format, 80, 144, 0)
    assert facts.duration_s == pytest.approx(2.0, abs=FRAME_S / 2)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_video_gives_the_same_bytes(video: Path, tmp_path: Path, format: str) -> None:
    first = teaser(video, tmp_path, format).read_bytes()
    assert teaser(video, tmp_path, format).read_bytes() == first


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("colour", ["0xC02040", "0x20A060", "0x2040C0"])
def test_its_colours_are_the_videos(tmp_path: Path, format: str, colour: str) -> None:
    tags = "in_range=pc:out_range=tv:out_color_matrix=bt709,setparams=colorspace=bt709:color_primaries=bt709"
    video = tmp_path / "plain.mp4"
    source = f"color={colour}:s=160x288:r=30:d=2,format=rgb24,scale={tags}:color_trc=bt709,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", video)
    with Image.open(teaser(video, tmp_path, format, replace(SPEC, start_s=0.0))) as shown:
        seen = ImageStat.Stat(shown.convert("RGB")).mean
    make_poster(video, at_s=0.5, out=tmp_path / "poster.jpg")
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert seen == pytest.approx(ImageStat.Stat(poster).mean, abs=6)


@pytest.mark.parametrize(
    ("asked", "length", "piece"),
    [((1.0, 2.0), 10.0, (1.0, 2.0)), ((9.0, 4.0), 10.0, (6.0, 4.0)), ((5.0, 4.0), 2.5, (0.0, 2.5))],
)
def test_a_piece_that_the_video_has_not_is_moved_to_where_it_has_one(
    asked: tuple[float, float], length: float, piece: tuple[float, float]
) -> None:
    fitted = fit_piece(TeaserSpec(*asked, 80, 144), length)
    assert (fitted.start_s, fitted.duration_s) == piece


@pytest.mark.parametrize("format", FORMATS)
def test_the_end_of_the_video_is_shown_whole(video: Path, tmp_path: Path, format: str) -> None:
    spec = fit_piece(replace(SPEC, start_s=100.0), length_s(video))
    check_teaser(teaser(video, tmp_path, format, spec), format, spec, may_be_still=False)


def test_all_that_is_wrong_with_one_is_told_at_once(video: Path, tmp_path: Path) -> None:
    made = teaser(video, tmp_path, "gif", TeaserSpec(0.0, 1.0, 40, 72))
    with pytest.raises(GateFailed) as caught:
        check_teaser(made, "webp", SPEC, may_be_still=False)
    assert caught.value.details["misses"] == [
        "it is gif, not webp",
        "40×72 pixels instead of 80×144",
        "0.96 s instead of 2.00 s",
    ]


def test_one_that_stands_still_or_plays_once_is_told(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (80, 144), colour) for colour in ("red", "blue")]
    pictures[0].save(tmp_path / "once.gif", save_all=True, append_images=pictures[1:], duration=1000)
    pictures[0].save(tmp_path / "still.gif", duration=2000, loop=0)
    (tmp_path / "none.gif").write_bytes(b"GIF89a")
    for name, miss in {
        "once.gif": "it does not loop for ever",
        "still.gif": "nothing moves in it",
        "none.gif": "cannot be read",
    }.items():
        with pytest.raises(GateFailed, match=miss):
            check_teaser(tmp_path / name, "gif", SPEC, may_be_still=False)
    check_teaser(tmp_path / "still.gif", "gif", SPEC, may_be_still=True)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("colour", ["black", "0x0B2545"])
def test_a_scene_that_stands_still_as_asked_makes_a_teaser_too(tmp_path: Path, format: str, colour: str) -> None:
    video = tmp_path / "still.mp4"
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s=80x144:r=30:d=4", "-c:v", "libx264", video)
    made = teaser(video, tmp_path, format)
    facts = check_teaser(made, format, SPEC, may_be_still=True)
    assert (facts.width_px, facts.height_px, facts.is_moving) == (80, 144, False)
    with pytest.raises(GateFailed, match="nothing moves in it"):
        check_teaser(made, format, SPEC, may_be_still=False)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("filters", ["fade=d=1", "tpad=stop_mode=clone:stop_duration=1.5", "tpad=start_duration=1.5"])
def test_one_that_moves_for_a_part_of_its_time_lasts_as_long_as_was_asked(
    tmp_path: Path, format: str, filters: str
) -> None:
    video = tmp_path / "partly.mp4"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=80x144:r=30:d=0.5,{filters}", "-c:v", "libx264", video)
    spec = fit_piece(replace(SPEC, start_s=0.0), length_s(video))
    facts = check_teaser(teaser(video, tmp_path, format, spec), format, spec, may_be_still=True)
    assert facts.is_moving and facts.duration_s == pytest.approx(spec.frames * FRAME_S, abs=FRAME_S / 2)


def test_a_video_that_cannot_be_read_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(b"not a video")
    with pytest.raises(BadMedia):
        teaser(tmp_path / "video.mp4", tmp_path, "gif")
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


def test_it_is_never_wider_than_the_video_and_its_sides_are_even() -> None:
    assert Teaser(width_px=320).frame(Frame(1080, 1920)) == Frame(320, 568)
    assert Teaser(width_px=321).frame(Frame(1920, 1080)) == Frame(320, 180)
    assert Teaser(width_px=320).frame(Frame(90, 160)) == Frame(90, 160)
